"""Team networks: GraphML and lists of pairs, with every mistake at its line."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import ScenarioError
from sim.scenario.loading import read_text
from sim.scenario.team_file import Team, loose, parse_team

EDGES = (("ann", "bob"), ("bob", "cem"))


def messages(text: str, names: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse_team(text, "team", names=names)
    return str(caught.value).splitlines()


def graphml(body: str, directed: bool = False) -> str:
    """A GraphML text; ``body`` begins on line 4."""
    default = "directed" if directed else "undirected"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
        f'<graph edgedefault="{default}">\n{body}\n</graph></graphml>'
    )


def nodes(*names: str) -> str:
    return "".join(f'<node id="{name}"/>' for name in names)


def edges(*pairs: tuple[str, str]) -> str:
    return "".join(f'<edge source="{one}" target="{other}"/>' for one, other in pairs)


@pytest.mark.parametrize(
    "text",
    [
        "ann,bob\nbob,cem\n",
        "# who works with whom\n\nann , bob\r\nbob,cem",
        "ann bob\nbob   cem",
        "ann\tbob\nbob\tcem",
        "source,target\nann,bob\nbob,cem\n",
        "From,To\nann,bob\nbob,cem\n",
        '"ann","bob"\nbob,cem\n',
        "ann;bob\nbob;cem\n",
        "Target,Source,Type,Id\nbob,ann,Undirected,0\ncem,bob,Undirected,1\n",
        "ann,bob,0.5\nbob,cem,2\n",
        "ann,bob\nbob,cem\nbob,ann\nann,bob\ncem,cem\n",
        ",ann,bob,cem\nann,,1,\nbob,1,,2\ncem,0,0,5\n",
        'graph [ node [ id 0 label "ann" ] node [ id 1 label "bob" ] node [ id 2 label "cem" ]\n'
        " edge [ source 0 target 1 ] edge [ source 1 target 2 value 3 ] ]",
        "*Vertices 3\n1 ann\n2 bob\n3 cem\n*Edges\n1 2 1\n2 3 4\n",
        '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph><nodes><node id="0" '
        'label="ann"/><node id="1" label="bob"/><node id="2" label="cem"/></nodes><edges><edge '
        'id="0" source="0" target="1"/><edge id="1" source="1" target="2"/></edges></graph></gexf>',
    ],
)
def test_lists_of_pairs(text: str) -> None:
    assert parse_team(text) == Team(("ann", "bob", "cem"), EDGES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ann,bob\nbob,ann\n",
         "ties in both directions are one tie each: bob - ann (line 2)"),
        ("ann,bob\nbob,cem\nann,bob\nann,bob\n",
         "ties given twice are one tie each: ann - bob and 1 more (lines 3-4)"),
        ("ann,bob\ncem,cem\n", "ties of people to themselves were left out: cem (line 2)"),
        ("Person,Works with\nann,bob\nbob,cem\n", "the head is Person, Works with"),
        ("source,target,note\nann,bob,x\n", "columns that were not read: note"),
        ("Our team 2026,,\n,,\nsource,target,note\nann,bob,x\n",
         "what stands above the table was left out: Our team 2026 (line 1)"),
        ("source,target,weight\nann,bob,1\nann,cem,0\n",
         "ties of weight 0 were left out: ann - cem (line 3)"),
        ("ann,bob,1\nbob,cem,2\n", "weights of ties are kept with the ties; the model does not use "
         "them"),
        (",ann,bob,cem\nann,0,1,0\nbob,0,0,1\ncem,0,1,0\n",
         "the matrix differs between directions (one pair, such as ann - bob): a tie in one of "
         "them is a tie"),
        (graphml('<node id="0"><data key="label">ann</data></node><node id="1"/>'
                 + edges(("0", "1"))).replace("<graph ", '<key id="label" for="node" '
                                              'attr.name="label"/>\n<graph '),
         "people are called by the ids of their nodes: labels lack or repeat"),
    ],
)  # fmt: skip
def test_what_is_merged_or_left_out_is_said(text: str, said: str) -> None:
    assert said in parse_team(text).said


def test_people_of_a_table_with_more_columns_are_those_that_the_head_calls_so() -> None:
    team = parse_team("id,name,since,works with\n1,ann,x,bob\n2,bob,y,cem\n3,cem,z,ann\n")
    assert team.edges == (("ann", "bob"), ("bob", "cem"), ("cem", "ann"))
    assert parse_team("source,target,weight\nann,bob,1\nann,cem,0\n").edges == (("ann", "bob"),)


def test_heads_that_nobody_can_tell_from_people_are_asked_for() -> None:
    text = "Ego A,Buddies\nann,bob\nbob,cem\ncem,ann\n"
    team = parse_team(text)
    assert [one.where for one in team.questions] == [("first_row",)]
    assert parse_team(text, answers={"first_row": "head"}).names == ("ann", "bob", "cem")
    assert len(parse_team(text, answers={"first_row": "people"}).names) == 5
    # Somebody of the first row stands below too: these are people.
    assert not parse_team("ego,bob\nbob,cem\ncem,ego\n").questions


def test_labels_are_names_and_weights_the_largest_of_parallel_ties() -> None:
    text = graphml(
        '<node id="0"><data key="k">Ann</data></node><node id="1"><data key="k">Émile</data></node>'
        '<edge source="0" target="1"><data key="w">0.5</data></edge>'
        '<edge source="1" target="0"><data key="w">2.0</data></edge>'
    ).replace(
        "<graph ",
        '<key id="k" for="node" attr.name="label"/>'
        '<key id="w" for="edge" attr.name="weight"/><graph ',
    )
    team = parse_team(text)
    assert team == Team(("Ann", "Émile"), (("Ann", "Émile"),))
    assert team.weights == (2.0,)


@given(st.integers(1, 9), st.integers(0, 2**20))
@pytest.mark.parametrize("form", ["gexf", "gml", "pajek"])
def test_what_networkx_writes_is_read(form: str, people: int, seed: int) -> None:
    graph: nx.Graph = nx.gnp_random_graph(people, 0.4, seed=seed)
    graph = nx.relabel_nodes(graph, {node: f"p{node} é" for node in graph})
    text = "\n".join(getattr(nx, f"generate_{form}")(graph))
    team = parse_team(text)
    assert team.names == tuple(graph)
    assert {frozenset(edge) for edge in team.edges} == {frozenset(edge) for edge in graph.edges}


def test_names_with_spaces_and_commas() -> None:
    assert parse_team('"Lee, Ann",Bob Ray\n').names == ("Lee, Ann", "Bob Ray")
    assert parse_team("Ann Lee\tBob Ray\n").names == ("Ann Lee", "Bob Ray")


def test_a_row_of_names_between_spaces_may_lack_its_weight() -> None:
    team = parse_team("source target weight\nann bob 2\nbob cem\n")
    assert (team.edges, team.weights) == (EDGES, (2.0, 1.0))


def test_known_people_set_the_order_and_may_be_without_ties() -> None:
    team = parse_team("ann,bob\nbob,cem\n", names=("dan", "cem", "bob", "ann"))
    assert team == Team(("dan", "cem", "bob", "ann"), EDGES)


def test_graphml() -> None:
    text = graphml(nodes("ann", "bob", "cem", "dan") + edges(*EDGES))
    assert parse_team(text) == Team(("ann", "bob", "cem", "dan"), EDGES)


def test_a_directed_graph_is_read_without_direction() -> None:
    pairs = (("ann", "bob"), ("bob", "ann"), ("cem", "bob"))
    text = graphml(nodes("ann", "bob", "cem") + edges(*pairs), directed=True)
    assert parse_team(text).edges == (("ann", "bob"), ("cem", "bob"))


def test_extensions_of_drawing_programs_are_passed_over() -> None:
    text = graphml(
        '<node id="ann"><data key="d"><y:ShapeNode xmlns:y="http://y"><y:node id="z"/>'
        "</y:ShapeNode></data></node>" + nodes("bob") + edges(("ann", "bob"))
    )
    assert parse_team(text).names == ("ann", "bob")


@given(st.integers(1, 12), st.integers(0, 2**20))
def test_graphml_written_by_networkx(people: int, seed: int) -> None:
    graph = nx.gnp_random_graph(people, 0.4, seed=seed)
    graph = nx.relabel_nodes(graph, {node: f"p{node}" for node in graph})
    team = parse_team("\n".join(nx.generate_graphml(graph)))
    assert team.names == tuple(graph)
    assert {frozenset(edge) for edge in team.edges} == {frozenset(edge) for edge in graph.edges}
    assert len(team.edges) == graph.number_of_edges()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["team: the team file is empty"]),
        (" \n", ["team: the team file is empty"]),
        ("ann\n", ["team:1: 'ann' is not a pair of names, such as: ann,bob"]),
        ("ann,bob\nann,\n", ["team:2: 'ann' is not a pair of names, such as: ann,bob"]),
        ("ann,bob,x\n", ["team:1: 'ann,bob,x' is not a pair of names, such as: ann,bob"]),
        ("source,target,weight\nann,bob,often\n", ["team:2: 'often' is not a weight"]),
        ("id;name;works with\n1;ann;bob, cem\n2;bob;cem\n3;cem;ann\n",
         ["team:2: 'bob, cem' are several people; allowed: a pair a row"]),
        ("name;his id;friend;her name\nann;x;bob;bo\nbob;y;cem;ce\ncem;z;ann;an\n",
         ["team:1: the two columns of people cannot be told from the others; allowed: call them "
          "source and target in the head"]),
        ('ann,"bob\n',
         ["team:1: is not a valid line of CSV (unexpected end of data); look for a stray quote"]),
        ("ann,bob\ncem,Ann\n",
         ["team:2: 'Ann' is probably the same person as 'ann'; did you mean 'ann'?"]),
        ("ann lee,bob\nann  lee,cem\n",
         ["team:2: 'ann  lee' is probably the same person as 'ann lee'; did you mean 'ann lee'?"]),
        (f"ann,{'b' * 81}\n", ["team:1: is too long (81 characters); allowed: at most 80"]),
        ("ann,bobb\nbob\nann,bob\ncem,Ann",
         ["team:2: 'bob' is not a pair of names, such as: ann,bob",
          "team:4: 'Ann' is probably the same person as 'ann'; did you mean 'ann'?"]),
        (",ann,bob\nann,0,often\nbob,1,0\n",
         ["team:1: ',ann,bob' is not a pair of names, such as: ann,bob",
          "team:2: 'ann,0,often' is not a pair of names, such as: ann,bob",
          "team:3: 'bob,1,0' is not a pair of names, such as: ann,bob"]),
        ("".join(f"p{n},\n" for n in range(9)),
         ["team:1: 'p0' is not a pair of names, such as: ann,bob (9 such values, lines 1-9)"]),
    ],
)  # fmt: skip
def test_mistakes_in_a_list(text: str, found: list[str]) -> None:
    assert messages(text) == found


def test_strangers_to_the_team() -> None:
    assert messages("ann,bob\nann,bobb\nx,y", ("ann", "bob")) == [
        "team:2: 'bobb' is not in the team; did you mean 'bob'?",
        "team:3: 'x' is not in the team",
        "team:3: 'y' is not in the team",
    ]
    assert messages(graphml(nodes("ann") + "\n" + nodes("eve")), ("ann", "bob")) == [
        "team:5: 'eve' is not in the team"
    ]


def test_mistakes_in_the_names_of_the_team() -> None:
    assert messages("ann,bob", ("ann", "bob", "ann", "BOB")) == [
        "team: 'ann' is given twice",
        "team: 'BOB' is probably the same person as 'bob'; did you mean 'bob'?",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (graphml(nodes("ann")).replace("</graphml>", ""),
         ["team:5:9: is not valid XML (no element found)"]),
        ("<html/>", ["team:1: is not GraphML: it begins with 'html'"]),
        ("<graphml/>", ["team:1: is not GraphML: it holds no <graph>"]),
        (graphml(nodes("ann", "ann")), ["team:4: 'ann' is given twice; the first is on line 4"]),
        (graphml("<node/>"), ["team:4: a <node> has no id"]),
        (graphml(nodes("ann") + '<edge source="ann"/>'),
         ["team:4: an <edge> needs a source and a target"]),
        (graphml(nodes("ann") + "\n" + edges(("ann", "bob"))),
         ["team:5: 'bob' is not in the team"]),
        (graphml(nodes("ann") + "<hyperedge/>"),
         ["team:4: a <hyperedge> is not a tie between two people"]),
        (graphml('<node id="ann"><graph/></node>'), ["team:4: only one <graph> a file is read"]),
        ('<!DOCTYPE graphml [<!ENTITY a "b">]>\n<graphml/>',
         ["team:1: a document type declaration (<!DOCTYPE ...>) is not allowed"]),
    ],
)  # fmt: skip
def test_mistakes_in_graphml(text: str, found: list[str]) -> None:
    assert messages(text) == found


def test_a_declared_encoding_does_not_mislead(tmp_path: Path) -> None:
    path = tmp_path / "team.graphml"
    path.write_text(graphml(nodes("Zoë")).replace("UTF-8", "ISO-8859-1"), encoding="utf-8")
    assert parse_team(read_text(path)).names == ("Zoë",)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "team.csv").write_text("ann,bob")
    missing = tmp_path / "teams.csv"
    with pytest.raises(ScenarioError) as caught:
        read_text(missing)
    assert str(caught.value) == (
        f"{missing}: there is no such file; did you mean '{tmp_path / 'team.csv'}'?"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann Lee", "ann-lee", True),
        ("STRASSE", "straße", True),
        ("ann_1", "Ann 1", True),
        ("ann", "anna", False),
        ("p1", "p11", False),
    ],
)
def test_probable_duplicates(one: str, other: str, same: bool) -> None:
    assert (loose(one) == loose(other)) is same
