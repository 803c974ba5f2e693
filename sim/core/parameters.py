""":data:`TABLE`: every parameter of the model, with unit, range, source and grade;
:class:`Parameters`: one set of their values.

Checks, sensitivity bounds, priors, the ODD text and the report all read this table;
no rule holds a number of its own. The table has two kinds of limits:

* ``low .. high`` is the *plausible range*: what the evidence leaves open, or for an assumption what
  we would defend. Sampling uses it. A value outside it is an error unless the caller sets
  ``beyond_range``. Both are None for a parameter without a plausible range.
* ``minimum .. maximum`` is where the equations still mean something. No value may leave it.

Grades of the source: ``A`` same setting or group of people, ``B`` same class of intervention in
another sector, ``C`` laboratory or distant analogue, ``assumption`` nobody measured it,
``definition`` a unit or a convention of the model.
"""

# ruff: noqa: E501  (a row of the table reads best on one line)

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from sim.core.errors import ParameterError, Problem, check_known, did_you_mean
from sim.core.markup import table_markup
from sim.core.units import WEEKS_A_YEAR, count

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

Role = Literal["free", "uncertain", "fixed", "lever"]
Grade = Literal["A", "B", "C", "assumption", "definition"]
ROLES: tuple[Role, ...] = ("free", "uncertain", "fixed", "lever")
GRADES: tuple[Grade, ...] = ("A", "B", "C", "assumption", "definition")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table.

    >>> row = TABLE["trust_step"]
    >>> row.role, row.low <= row.default <= row.high
    ('free', True)
    """

    name: str
    symbol: str
    meaning: str
    unit: str
    default: float
    low: float | None
    high: float | None
    minimum: float
    maximum: float
    distribution: str
    source: str
    grade: Grade
    role: Role

    @property
    def range_text(self) -> str:
        """The plausible range as text, or the limits of the equation where none is given."""
        if self.low is None or self.high is None:
            return f"{self.minimum:.4g}..{self.maximum:.4g} (limits of the equation)"
        return f"{self.low:.4g}..{self.high:.4g}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, in the order of the table's columns."""
        return {field: getattr(self, field) for field in self.__slots__}


ASSUMED = "assumption"
SHARE = (0.0, 1.0)
LOGIT = (-50.0, 50.0)
SLOPE = (0.0, 50.0)


def _row(
    name: str,
    symbol: str,
    meaning: str,
    unit: str,
    default: float,
    plausible: tuple[float, float] | None,
    limits: tuple[float, float],
    *,
    role: Role = "fixed",
    grade: Grade = "assumption",
    source: str = ASSUMED,
) -> Parameter:
    low, high = plausible if plausible else (None, None)
    return Parameter(
        name=name,
        symbol=symbol,
        meaning=meaning,
        unit=unit,
        default=default,
        low=low,
        high=high,
        minimum=limits[0],
        maximum=limits[1],
        distribution="uniform" if plausible else "none",
        source=source,
        grade=grade,
        role=role,
    )


_KORN = "Korn et al. 2018, BMC Public Health, doi 10.1186/s12889-018-5588-1, table 1"
_MICHAELS = "Michaels et al. 2017, J Am Board Fam Med 30(5) 572"
_BASKERVILLE = "Baskerville et al. 2012, Ann Fam Med 10(1) 63-74, doi 10.1370/afm.1312"
_TATEL = "Tatel & Ackerman 2025, Psychol Bull, doi 10.1037/bul0000481"
_CRAWFORD = (
    "Crawford et al. 2021, J Educ Psychol 113(8) 1609-1627, doi 10.1037/edu0000691: bounds only, "
    "from coaching by video"
)
_MIX = "assumption: our reading of Gayles et al. 2024, doi 10.1177/01632787241248769, and Hunter et al. 2009, table 3"

_ROWS: tuple[Parameter, ...] = (
    # --- trust
    _row("trust_step", "eta", "share of the gap between trust and experienced quality that a saturated contact closes", "share",
         0.28, (0.10, 0.45), SHARE, role="free", source="assumption: trust clearly up in the source case"),
    _row("trust_fade", "lam_tau", "pace at which trust returns to a person's own start", "1/week",
         0.013, (0.003, 0.025), SHARE, role="free"),
    _row("first_trust", "tau_mu", "mean starting trust at readiness one half", "0-1",
         0.38, (0.32, 0.48), SHARE, role="free",
         source="assumption, narrowed by our reading of a word: trust 'clearly' up (Yazejian et al. 2019)"),
    _row("ability_weight", "omega", "weight of evidence of ability against evidence of integrity", "share",
         0.5, (0.3, 0.7), SHARE, role="uncertain"),
    _row("power_sharing", "power", "weight of shared power in evidence of integrity", "share",
         0.4, (0.0, 0.8), SHARE, role="uncertain", grade="B",
         source="Jones & Barry 2016, doi 10.1177/1757975916656364: direction only; the size is an assumption"),
    _row("trust_asymmetry", "nu", "how much faster trust falls than it rises", "ratio",
         1.75, (1.0, 2.5), (0.0, 10.0), role="uncertain", grade="C",
         source="Zhu et al. 2023, doi 10.3389/fpsyg.2023.1207453; Poortinga & Pidgeon 2004, doi 10.1111/j.0272-4332.2004.00543.x: "
         "direction only; the size is an assumption"),
    _row("evidence_noise", "sd_y", "spread of the quality that people see in the same contact", "SD",
         0.12, (0.05, 0.20), (0.0, 1.0), role="uncertain"),
    _row("skill_share", "w_s", "share of a provider's skill (rest: knowing the region) in evidence of ability",
         "share", 0.6, None, SHARE),
    # --- accountability and commitments
    _row("accountability_step", "eta_a", "move of accountability per own commitment that is reviewed", "share",
         0.14, (0.04, 0.22), SHARE, role="free"),
    _row("reciprocity", "r", "share of the accountability step that the other side takes at a review", "share",
         0.5, (0.0, 1.0), SHARE, role="uncertain"),
    _row("kept_date_weight", "d_w", "share of the accountability step for a contact held on its date", "share",
         0.25, (0.0, 0.5), SHARE, role="uncertain"),
    _row("accountability_fade", "lam_a", "pace at which accountability returns to its own start", "1/week",
         0.010, (0.002, 0.02), SHARE, role="uncertain"),
    _row("keeping", "q0", "log-odds of keeping a commitment when accountability equals workload", "logit",
         0.76, (0.3, 1.2), LOGIT, role="free", grade="B",
         source=f"intentions carried out .64-.67: Lockyer et al. 2001 (PMID 11420869); high-value goals met .61-.68: {_MICHAELS}"),
    _row("keeping_slope", "q1", "slope of the log-odds of keeping a commitment on accountability minus workload", "logit",
         2.0, (1.0, 3.0), SLOPE, role="uncertain"),
    _row("overload_keeping", "vo", "weight of overload against a provider's accountability in keeping", "-",
         0.5, (0.0, 1.0), SLOPE, role="uncertain"),
    _row("record_pivot", "pivot_a", "accountability of a provider at which its log-odds of keeping a commitment are q0", "0-1",
         0.5, None, SHARE, grade="definition", source="centring constant"),
    _row("commitment_rate", "c_rate", "new commitments per saturated, fully co-created contact of a team",
         "1/contact", 6.1, (3.5, 8.5), (0.0, 30.0), role="free", grade="B",
         source=f"2.4-3.3 action items a team-month: {_MICHAELS}"),
    _row("assigned_share", "b", "commitments assigned in a wholly directive contact, over those of a fully co-created one",
         "share", 0.4, (0.0, 0.8), SHARE, role="uncertain"),
    _row("provider_commitment_share", "own_p", "the provider's share of what is agreed in full co-creation", "share",
         0.5, (0.3, 0.7), SHARE, role="uncertain"),
    # --- knowledge
    _row("learning_rate", "alpha_k", "share of the knowledge gap that an ideal contact closes", "share",
         0.32, (0.18, 0.50), SHARE, role="free", grade="B", source=f"gain of knowledge, given the hour scale: {_KORN}"),
    _row("hour_scale", "h0", "contact hours a week that give 63 % of the effect", "h",
         1.2, (0.3, 2.1), (0.01, 100.0), role="free", grade="B",
         source=f"upper bound re-computed from {_BASKERVILLE}"),
    _row("setup_hours", "setup", "length of a contact of which one half counts and the other half is set-up", "h",
         0.3, (0.0, 0.6), (0.0, 8.0), role="uncertain"),
    _row("negotiating_share", "theta", "share of the hours of learning that full co-creation takes", "share",
         0.25, (0.0, 0.5), SHARE, role="uncertain"),
    _row("learning_skill_floor", "f_s", "learning left when the provider has no skill", "share", 0.5, None, SHARE),
    _row("learning_tailoring_floor", "f_x", "learning left when nothing is co-created or tailored", "share",
         0.5, None, SHARE),
    _row("learning_trust_floor", "f_tau", "learning left when there is no trust", "share", 0.5, None, SHARE),
    _row("forgetting", "lam_k", "loss of knowledge that was gained and is not used", "1/week",
         0.018, (0.0123, 0.0245), SHARE, role="uncertain", grade="C", source=f"{_TATEL}: skills with a motor part"),
    _row("use_protection", "prot", "share of forgetting that full use prevents", "share", 0.8, None, SHARE),
    _row("peer_meeting", "p_meet", "chance that a person talks with one colleague about this work", "1/week",
         0.3, None, SHARE),
    _row("peer_transfer", "beta_k", "share of the gap in gained knowledge that one talk passes on", "share",
         0.10, (0.0, 0.2), SHARE, role="uncertain", grade="B",
         source="Sun et al. 2013, doi 10.3102/0162373713482763; Penuel et al. 2012, doi 10.1086/667756: direction only; the size "
         "is an assumption"),
    # --- integration and routines
    _row("uptake_ratio", "alpha_u/lam_u", "uptake of integration over its loss", "ratio",
         2.75, (2.3, 3.2), (0.0, 10.0), role="free",
         source="assumption, with 'some' integration in view: Yazejian et al. 2019 (qualitative)"),
    _row("integration_loss", "lam_u", "loss of integration without routines", "1/week",
         0.036, (0.015, 0.060), (0.0, 0.1), role="free", source="assumption (time scale)"),
    _row("routine_step", "gam_R", "routines gained per commitment kept, in a team of the reference size", "share",
         0.0066, (0.0, 0.015), SHARE, role="free"),
    _row("routine_pace", "rho_R", "pace at which routines follow mean integration", "1/week",
         0.02, (0.005, 0.04), SHARE, role="uncertain"),
    _row("integration_threshold", "u_full", "integration from which a person or region counts as fully integrated", "0-1",
         0.5, None, SHARE, grade="definition", source="definition of the outcome"),
    # --- what the time of a contact goes to, and team size
    _row("reference_team", "n0", "team size to which the steps of routines and of attention refer", "people",
         12.0, None, (1.0, 10_000.0), grade="definition", source="the team of the source case"),
    _row("group_dilution", "gd", "attention lost per reference team present beyond the first", "1/team",
         0.075, (0.0, 0.15), SLOPE, role="uncertain", grade="B",
         source="Kraft et al. 2018, doi 10.3102/0034654318759268: direction only; the size is an assumption"),
    _row("relationship_weight", "rw", "how far trust and co-creation need time for the relationship", "share",
         0.5, (0.25, 0.75), SHARE, role="uncertain"),
    _row("relationship_reference", "ref_r", "share of a contact's time for the relationship, in the reference mix",
         "share", 0.25, None, (0.01, 0.9), grade="definition", source=_MIX),
    _row("learning_reference", "ref_l", "share of a contact's time for learning, in the reference mix", "share", 0.25, None, (0.01, 0.9),
         grade="definition", source=_MIX),
    _row("planning_reference", "ref_p", "share of a contact's time for planning, in the reference mix", "share", 0.15, None, (0.01, 0.9),
         grade="definition", source=_MIX),
    _row("review_reference", "ref_v", "share of a contact's time for review, in the reference mix", "share", 0.15, None, (0.01, 0.9),
         grade="definition", source=_MIX),
    _row("logistics_reference", "ref_o", "share of a contact's time for logistics, in the reference mix", "share", 0.20, None, (0.01, 0.9),
         grade="definition", source=_MIX),
    # --- the provider's side
    _row("site_dilution", "delta", "quality lost per extra region of a provider", "1/site",
         0.032, (0.0, 0.06), SHARE, role="free", grade="B",
         source=f"effect per extra site re-computed from {_BASKERVILLE}"),
    _row("load_memory", "w_l", "weight of this week in a provider's running load", "1/week",
         1.0 / 12.0, None, SHARE),
    _row("context_step", "alpha_x", "how fast a provider gets to know a region in contact", "share", 0.10, None, SHARE),
    _row("context_fade", "lam_x", "how fast a provider's knowledge of a region ages", "1/week", 0.01, None, SHARE),
    _row("context_start", "x0", "a provider's knowledge of a region at the start", "0-1", 0.1, None, SHARE),
    _row("provider_cancels", "cp0", "log-odds that a provider without overload fails a contact", "logit",
         -4.0, None, LOGIT, source="assumption (about 2 %)"),
    _row("provider_cancels_slope", "cp1", "rise of the log-odds that a provider fails a contact with overload", "logit",
         2.0, (0.0, 4.0), SLOPE, role="uncertain"),
    _row("provider_turnover", "h_p", "chance that a provider leaves", "1/week",
         0.15 / WEEKS_A_YEAR, None, SHARE, source="assumption: no source was found"),
    _row("handover_share", "hand", "share of a leaving provider's standing that the successor keeps", "share",
         0.5, (0.0, 1.0), SHARE, role="uncertain"),
    _row("preparation_per_contact", "prep0", "provider hours of preparation per contact", "h",
         1.0, None, (0.0, 80.0), role="lever", grade="definition", source="lever: the centre's own practice"),
    _row("preparation_per_hour", "prep1", "provider hours of preparation per contact hour", "h/h",
         0.5, None, (0.0, 20.0), role="lever", grade="definition", source="lever: the centre's own practice"),
    _row("travel_hours", "travel", "provider hours of travel per visit on site", "h",
         6.0, None, (0.0, 80.0), role="lever", grade="definition", source="lever: the centre's own practice"),
    # --- the region's side
    _row("region_cancels", "cr0", "log-odds that a region with workload one half cancels", "logit",
         -2.2, (-3.0, -1.5), LOGIT, role="uncertain", source="assumption (10 %)"),
    _row("region_cancels_slope", "cr1", "rise of the log-odds that a region cancels with mean workload", "logit", 3.0, None, SLOPE),
    _row("logistics_slope", "cl", "rise of the log-odds that a region cancels, without the usual time for logistics", "logit",
         1.5, (0.5, 2.5), SLOPE, role="uncertain"),
    _row("workload_pivot", "pivot_w", "mean workload at which the log-odds that a region cancels are cr0", "0-1",
         0.5, None, SHARE, grade="definition", source="centring constant"),
    _row("attendance_base", "b0", "log-odds of attending at the pivot", "logit", 1.2, None, LOGIT),
    _row("attendance_slope", "b1", "slope of the log-odds of attending on motivation + trust + leadership - workload", "logit", 1.5, None, SLOPE),
    _row("attendance_pivot", "pivot_b", "value of motivation + trust + leadership - workload at the pivot", "-",
         1.0, None, (-1.0, 3.0), grade="definition", source="centring constant"),
    _row("working_week", "h_w", "hours of a full working week, for the workload of TA", "h",
         40.0, None, (1.0, 168.0), grade="definition", source="a usual full-time week"),
    _row("commitment_workload", "w_n", "workload of one open commitment", "0-1", 0.02, None, SHARE),
    _row("staff_turnover", "h_s", "chance that a staff member leaves", "1/week",
         0.20 / WEEKS_A_YEAR, (0.10 / WEEKS_A_YEAR, 0.29 / WEEKS_A_YEAR), SHARE, role="uncertain", grade="B",
         source="Head Start programme staff 19-29 % a year (Urban Institute, Research Connections 176421); PROSPER leaders 19-20 % (PMC3718867)"),
    _row("newcomer_trust_share", "rep", "share of the team's standing trust that a newcomer takes over", "share",
         0.5, (0.0, 1.0), SHARE, role="uncertain"),
    _row("on_demand_slope", "od", "how strongly ready, trusting, well-led regions ask for more", "log",
         4.0, None, SLOPE),
    _row("on_demand_pivot", "pivot_od", "mean of readiness, trust and leadership at which a region asks at the planned rate", "0-1",
         0.52, None, SHARE),
    _row("calendar_stagger", "phi", "fraction of an interval by which each next region's calendar is shifted", "share",
         0.6180339887, None, SHARE, grade="definition", source="golden section: spreads any number of regions evenly"),
    # --- people at the start
    _row("provider_skill_mean", "s_mu", "mean skill of providers", "0-1", 0.70, (0.6, 0.8), SHARE, role="uncertain"),
    _row("provider_accountability_mean", "aP_mu", "starting accountability of a provider to a region", "0-1",
         0.60, (0.5, 0.7), SHARE, role="uncertain"),
    _row("staff_accountability_mean", "a_mu", "mean starting accountability of staff", "0-1",
         0.42, (0.32, 0.52), SHARE, role="uncertain"),
    _row("knowledge_mean", "k_mu", "mean starting knowledge of implementation science", "0-1",
         0.44, (0.36, 0.52), SHARE, role="uncertain", grade="B", source=_KORN),
    _row("demand_mean", "d_mu", "mean demand of a region's ongoing work", "0-1",
         0.50, (0.4, 0.6), SHARE, role="uncertain"),
    _row("leadership_mean", "L_mu", "mean support by a region's leadership", "0-1",
         0.55, (0.45, 0.65), SHARE, role="uncertain"),
    _row("motivation_mean", "m_mu", "mean motivation of staff", "0-1", 0.65, None, SHARE),
    _row("capacity_mean", "g_mu", "mean general capacity of staff", "0-1", 0.55, None, SHARE),
    _row("knowledge_sd", "sd_k", "spread of starting knowledge between people", "SD", 0.26, None, (0.0, 1.0),
         grade="B", source=_KORN),
    _row("knowledge_floor", "k_min", "lowest starting knowledge", "0-1", 0.02, None, SHARE),
    _row("knowledge_ceiling", "k_max", "highest starting knowledge", "0-1", 0.98, None, SHARE),
    _row("motivation_sd", "sd_m", "spread of motivation between people", "SD", 0.15, None, (0.0, 1.0)),
    _row("capacity_sd", "sd_g", "spread of general capacity between people", "SD", 0.15, None, (0.0, 1.0)),
    _row("staff_accountability_sd", "sd_a", "spread of starting accountability of staff", "SD", 0.12, None, (0.0, 1.0)),
    _row("leadership_sd", "sd_L", "spread of leadership between regions", "SD", 0.15, None, (0.0, 1.0)),
    _row("demand_sd", "sd_d", "spread of demand between regions", "SD", 0.08, None, (0.0, 1.0)),
    _row("workload_offset_sd", "sd_o", "spread of workload between people of a region", "SD", 0.10, None, (0.0, 1.0)),
    _row("region_effect_sd", "sd_r", "spread of the effect that a region's leadership, motivation, capacity and knowledge share",
         "SD", 0.08, None, (0.0, 1.0)),
    _row("trust_sd", "sd_tau", "spread of starting trust at equal readiness", "SD", 0.08, None, (0.0, 1.0)),
    _row("provider_skill_sd", "sd_s", "spread of skill between providers", "SD", 0.12, None, (0.0, 1.0), grade="B",
         source="28 % of facilitators more, 26 % less effective: Sweeney et al. 2022, doi 10.1370/afm.2847 (direction only)"),
    _row("trust_readiness_link", "link", "rise of starting trust with readiness", "-", 0.4, None, (0.0, 2.0)),
    _row("readiness_pivot", "pivot_r", "readiness at which starting trust has its mean", "0-1", 0.5, None, SHARE,
         grade="definition", source="centring constant"),
    _row("selection_noise_sd", "sel_sd", "error of judging a candidate region's readiness", "SD",
         0.03, None, (0.0, 1.0)),
    # --- modes of contact
    _row("richness_onsite", "rho_onsite", "richness of a visit on site: the reference of all modes", "share",
         1.0, None, SHARE, grade="definition", source="reference mode"),
    _row("richness_video", "rho_video", "richness of a contact by video, over that of a visit", "share", 0.85, (0.7, 1.0), SHARE, role="uncertain", grade="B",
         source=_CRAWFORD),
    _row("richness_phone", "rho_phone", "richness of a contact by phone, over that of a visit", "share", 0.70, (0.5, 0.9), SHARE, role="uncertain"),
    _row("richness_email", "rho_email", "richness of a contact by e-mail, over that of a visit", "share", 0.4, (0.2, 0.6), SHARE, role="uncertain"),
    # --- instruments: what a study sees of all this (no rule of the model reads these rows)
    _row("survey_leniency", "len", "how far people answer above what they feel", "0-1", 0.4, (0.2, 0.6), SHARE, role="uncertain",
         source="assumption: with it a latent trust near .55 reads about 4.7 of 5, as in Hunter et al. 2009, table 1"),
    _row("survey_item_sd", "sd_item", "spread of one person's answers to items of one scale", "SD",
         0.20, (0.10, 0.30), (0.0, 1.0), role="uncertain",
         source="assumption: answers then spread about as in Hunter et al. 2009, table 1 (SD .50-.52 of 5)"),
    _row("survey_cut_1", "cut_1", "level from which an answer is 2 of 5", "0-1", 0.2, None, SHARE,
         grade="definition", source="five equal steps"),
    _row("survey_cut_2", "cut_2", "level from which an answer is 3 of 5", "0-1", 0.4, None, SHARE,
         grade="definition", source="five equal steps"),
    _row("survey_cut_3", "cut_3", "level from which an answer is 4 of 5", "0-1", 0.6, None, SHARE,
         grade="definition", source="five equal steps"),
    _row("survey_cut_4", "cut_4", "level from which an answer is 5 of 5", "0-1", 0.8, None, SHARE,
         grade="definition", source="five equal steps"),
    _row("response_base", "q_r", "log-odds of answering a survey at the pivot", "logit", 1.66, (0.3, 2.6), LOGIT,
         role="uncertain", grade="A", source="84 % of Head Start coaches answered (Early Learning Mentor Coach study 2012, Research "
         "Connections 26917); range 57-93 %"),
    _row("response_slope", "b_r", "slope of the log-odds of answering a survey on motivation + trust", "logit", 1.0, None, SLOPE),
    _row("response_pivot", "pivot_q", "motivation + trust at which the log-odds of answering a survey are the base", "-",
         1.2, None, (0.0, 2.0), grade="definition", source="centring constant"),
    _row("rater_sd", "sd_rater", "spread of severity between observers", "SD", 0.10, (0.05, 0.20), (0.0, 1.0), role="uncertain"),
)  # fmt: skip

TABLE: Mapping[str, Parameter] = MappingProxyType({row.name: row for row in _ROWS})
"""Every parameter by name, in the order of the table (read-only)."""

NAMES: tuple[str, ...] = tuple(TABLE)
_IN_ORDER = itemgetter(*NAMES)
INDEX: Mapping[str, int] = MappingProxyType({name: i for i, name in enumerate(NAMES)})
"""Column of each parameter in a parameter vector."""


FORMER: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "first_trust": (0.32, 0.50),
        "power_sharing": (0.0, 1.0),
        "keeping": (0.2, 0.9),
        "commitment_rate": (6.0, 13.0),
        "richness_video": (0.4, 1.0),
        "richness_phone": (0.4, 1.0),
        "richness_email": (0.4, 1.0),
    }
)
"""Plausible ranges up to version 2 of the model that held values outside those of the table: the
message about such a value gives the former range."""


def rows(*, role: str | None = None, grade: str | None = None) -> list[Parameter]:
    """Rows of the table, filtered by role and grade.

    Raises:
        ParameterError: there is no such role or grade.

    >>> all(row.grade == "A" for row in rows(grade="A"))
    True
    >>> rows(role="free")[0].name
    'trust_step'
    """
    for label, value, allowed in (("role", role, ROLES), ("grade", grade, GRADES)):
        if value is not None:
            check_known(value, allowed, f"is not a {label}", field=label, error=ParameterError)
    return [
        row
        for row in _ROWS
        if (role is None or row.role == role) and (grade is None or row.grade == grade)
    ]


def check_name(name: object, *, suggest: bool = True) -> Problem | None:
    """The problem where ``name`` is not in the table, else None; finding a suggestion takes time."""
    if name in TABLE:
        return None
    return Problem(
        f"{name!r} is not a parameter",
        value=name,
        suggestion=did_you_mean(name, NAMES) if suggest else "",
        allowed="the names printed by 'codose parameters'",
    )


def check_value(name: str, value: object, *, beyond_range: bool = False) -> Problem | None:
    """The problem where ``value`` is not a number or is outside the plausible range (with
    ``beyond_range``: outside the limits of the equation), else None."""
    row = TABLE[name]
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return Problem(
            f"{value!r} is not a number", field=name, value=value, allowed=row.range_text
        )
    number = float(value)
    if not math.isfinite(number):
        return Problem(
            f"{value!r} is not a finite number", field=name, value=value, allowed=row.range_text
        )
    if not row.minimum <= number <= row.maximum:
        return Problem(
            f"{number:.6g} is outside the limits of the equation",
            field=name,
            value=value,
            allowed=f"{row.minimum:.4g}..{row.maximum:.4g}",
        )
    if beyond_range or row.low is None or row.high is None:
        return None
    if row.low <= number <= row.high:
        return None
    low, high = FORMER.get(name, (math.inf, -math.inf))
    moved = f" (the range was {low:g}..{high:g} up to version 2 of the model)"
    return Problem(
        f"{number:.6g} is outside the plausible range ({row.meaning})"
        f"{moved if low <= number <= high else ''}; to go there on purpose set "
        "beyond_range: true",
        field=name,
        value=value,
        allowed=row.range_text,
    )


_DEFAULTS = {row.name: row.default for row in _ROWS}
_LIMITS = {row.name: (row.minimum, row.maximum) for row in _ROWS}
_RANGES = {
    row.name: (row.minimum, row.maximum)
    if row.low is None or row.high is None
    else (row.low, row.high)
    for row in _ROWS
}
_NOWHERE = (math.inf, -math.inf)
"""Limits that no value is within."""


def _checked(given: Mapping[str, float], beyond_range: bool) -> dict[str, float]:
    """The given values as floats.

    Raises:
        ParameterError: a name is unknown or a value is out of range; all mistakes are listed.
    """
    problems = [p for name in given if (p := check_name(name))] or [
        p
        for name, value in given.items()
        if (p := check_value(name, value, beyond_range=beyond_range))
    ]
    if problems:
        raise ParameterError(problems)
    return {name: float(value) for name, value in given.items()}


class Parameters(Mapping[str, float]):
    """One full set of parameter values: every row of the table, read-only, by name or attribute.

    >>> Parameters(trust_step=0.2).trust_step
    0.2

    Raises:
        ParameterError: a name is unknown or a value is out of range; all mistakes are listed.
    """

    def __init__(
        self,
        values: Mapping[str, float] | None = None,
        /,
        *,
        beyond_range: bool = False,
        **more: float,
    ) -> None:
        given = {**(values or {}), **more}
        bounds = _LIMITS if beyond_range else _RANGES
        for name, value in given.items():  # without what a message needs: sets are made in masses
            low, high = bounds.get(name, _NOWHERE)
            if type(value) is not float or not low <= value <= high:
                given = _checked(given, beyond_range)
                break
        self.__dict__.update(_DEFAULTS)
        self.__dict__.update(given)

    def __getitem__(self, name: str) -> float:
        if name not in TABLE:
            problem = check_name(name)
            assert problem is not None
            raise ParameterError(problem)
        return self.__dict__[name]

    def __getattr__(self, name: str) -> float:  # only reached for names that are not set
        raise AttributeError(str(check_name(name)))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a parameter set is read-only; use .replace(name=value)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a parameter set is read-only; use .replace(name=value)")

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __repr__(self) -> str:
        return f"Parameters({', '.join(f'{k}={v:g}' for k, v in self.changed().items())})"

    def _repr_html_(self) -> str:
        changed = self.changed()
        rows = [
            (row.name, f"{self[row.name]:.4g}", f"{row.default:.4g}", row.unit, row.range_text,
             row.grade, row.meaning)
            for row in sorted(_ROWS, key=lambda row: row.name not in changed)
        ]  # fmt: skip
        heads = ("parameter", "value", "default", "unit", "range", "grade", "meaning")
        note = f"{len(changed)} of {len(rows)} differ from the default; they stand first."
        return table_markup("Parameters", rows, heads, note)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.changed(),)

    def changed(self) -> dict[str, float]:
        """The values that differ from the defaults."""
        return {n: self.__dict__[n] for n in NAMES if self.__dict__[n] != TABLE[n].default}

    def replace(self, *, beyond_range: bool = False, **changes: float) -> Parameters:
        """A copy with some values changed; only the changed ones are checked against their range.

        Raises:
            ParameterError: as of the class.
        """
        Parameters(changes, beyond_range=beyond_range)
        return Parameters({**self.changed(), **changes}, beyond_range=True)

    def vector(self) -> np.ndarray:
        """The values as a float64 array, shape (len(NAMES),), in the order of the table."""
        return np.array(_IN_ORDER(self.__dict__), dtype=np.float64)

    @classmethod
    def from_vector(cls, vector: Iterable[float]) -> Parameters:
        """The inverse of :meth:`vector`; checked against the limits of the equations only.

        Raises:
            ParameterError: a value is beyond those limits, or there are too many or too few values.
        """
        numbers = [float(v) for v in vector]
        if len(numbers) != len(NAMES):
            raise ParameterError(
                f"{count(len(numbers), 'value')} cannot be a parameter set",
                allowed=f"{len(NAMES)} values, one for each parameter",
            )
        return cls(dict(zip(NAMES, numbers, strict=True)), beyond_range=True)


def _restore(changed: dict[str, float]) -> Parameters:
    return Parameters(changed, beyond_range=True)
