"""Instruments: against closed forms, against the runs they look at, and that they touch nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.core import outcomes
from sim.core.errors import InputError
from sim.core.parameters import Parameters
from sim.model import week as model
from sim.runs import instruments
from sim.runs.instruments import Seen, describe, dosage_log, expected_answer, observe, survey
from sim.scenario.scenario import Scenario


@pytest.fixture(scope="module")
def classroom() -> Scenario:
    return Scenario.shipped("classroom")


@pytest.fixture(scope="module")
def seen(classroom: Scenario) -> Seen:
    return observe(classroom, classroom.parameter_set(), seed=5, replicates=300, weeks=[0, 30])


def parameters(**changes: float) -> Parameters:
    return Parameters().replace(beyond_range=True, **changes)


def test_what_is_seen_are_the_people_of_the_run(classroom: Scenario, seen: Seen) -> None:
    """Their means are what the readable engine records."""
    for replicate in (0, 7):
        record = model.simulate(classroom, classroom.parameter_set(), 5, replicate)
        for name, column in (
            ("trust", "trust"),
            ("accountability", "staff_accountability"),
            ("knowledge", "knowledge"),
            ("integration", "integration"),
        ):
            for wave, week in enumerate((0, 30)):
                mean = seen.people[name][replicate, wave].mean()
                expected = record[week, 0, outcomes.COLUMN[column]]
                assert mean == pytest.approx(expected, abs=1e-6)  # recorded with fixed-point sums


def test_observing_changes_no_run(classroom: Scenario) -> None:
    """Another range of weeks, another number of runs: the same people."""
    one = observe(classroom, classroom.parameter_set(), seed=5, replicates=2, weeks=[30])
    two = observe(
        classroom, classroom.parameter_set(), seed=5, replicates=1, weeks=[0, 30], first_replicate=1
    )
    np.testing.assert_array_equal(one.people["trust"][1, 0], two.people["trust"][0, 1])
    a = survey(one, Parameters(), "trust", wave=0).answers[1]
    b = survey(two, Parameters(), "trust", wave=1).answers[0]
    np.testing.assert_array_equal(a, b)


def test_describe_is_mean_sample_sd_and_n() -> None:
    found = describe(np.array([[1.0, 2.0, 4.0, np.nan], [3.0, np.nan, np.nan, np.nan]]))
    assert found.mean.tolist() == pytest.approx([7 / 3, 3.0])
    assert found.sd[0] == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert math.isnan(found.sd[1])
    assert found.n.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("latent", "leniency", "answer"),
    [(0.0, 0.0, 1), (0.19, 0.0, 1), (0.2, 0.0, 2), (0.55, 0.0, 3), (0.55, 0.4, 5), (0.39, 0.4, 4)],
)
def test_an_answer_without_noise_is_the_cut_level(
    seen: Seen, latent: float, leniency: float, answer: int
) -> None:
    p = parameters(survey_item_sd=0.0, survey_leniency=leniency, response_base=40.0)
    fixed = {**seen.people, "trust": np.full_like(seen.people["trust"], latent)}
    other = Seen(**{**_fields(seen), "people": fixed})
    assert (survey(other, p, "trust", wave=0).answers == answer).all()
    assert expected_answer(np.array([latent]), p).tolist() == [answer]


def _fields(seen: Seen) -> dict[str, object]:
    return {name: getattr(seen, name) for name in Seen.__slots__}


def test_survey_means_agree_with_the_normal_integral(seen: Seen) -> None:
    """2,400 people, 8 items: the mean over answers against P(latent + noise above a cut)."""
    p = parameters(response_base=40.0)
    found = survey(seen, p, "knowledge", wave=1, items=8)
    expected = expected_answer(seen.people["knowledge"][:, 1], p)
    gap = found.answers.mean(axis=-1) - expected
    standard_error = gap.std() / math.sqrt(gap.size)
    assert abs(gap.mean()) < 4 * standard_error + 0.005  # bell-shaped, not quite normal


def test_response_follows_its_logit(seen: Seen) -> None:
    p = Parameters()
    odds = p.response_base + seen.people["motivation"][:, 1] + seen.people["trust"][:, 1] - 1.2
    chance = 1.0 / (1.0 + np.exp(-odds))
    rate = survey(seen, p, "trust", wave=1).response()
    error = math.sqrt(float((chance * (1 - chance)).mean()) / chance.size)
    assert abs(rate.mean() - chance.mean()) < 4 * error


def test_the_default_leniency_reads_near_the_top(seen: Seen) -> None:
    """A latent trust near .55 reads about 4.7 of 5 (Hunter et al. 2009: 4.66)."""
    people = {**seen.people, "trust": np.full_like(seen.people["trust"], 0.55)}
    answers = expected_answer(people["trust"], Parameters())
    assert 4.6 < answers.mean() < 4.8


def test_who_is_asked_answers_as_before(seen: Seen) -> None:
    everybody = survey(seen, Parameters(), "trust", wave=1)
    some = survey(seen, Parameters(), "trust", wave=1, asked=3)
    assert (some.asked.sum(axis=1) == 3).all()
    np.testing.assert_array_equal(some.answers[some.asked], everybody.answers[some.asked])
    assert np.isnan(some.answers[~some.asked]).all()
    assert some.asked.mean(axis=0).min() > 0.2, "posts are asked evenly"


def test_the_distribution_counts_the_answers(seen: Seen) -> None:
    found = survey(seen, Parameters(), "integration", wave=1, items=2)
    shares = found.distribution()
    assert shares.shape == (300, 2, 5)
    assert shares.sum(axis=-1) == pytest.approx(np.ones((300, 2)))
    means = (shares * np.arange(1, 6)).sum(axis=-1)
    np.testing.assert_allclose(means, np.nanmean(found.answers, axis=1))


def test_a_rater_without_severity_reports_what_happened(classroom: Scenario, seen: Seen) -> None:
    rated = instruments.observation(seen, parameters(rater_sd=0.0), "co_creation", until_week=30)
    record = model.simulate(classroom, classroom.parameter_set(), 5, 3)
    found = outcomes.at_week(record, 30, classroom.costs)[0, outcomes.INDEX["co_creation"]]
    assert rated[3, 0] == pytest.approx(1 + 4 * found, rel=1e-9)
    severe = instruments.observation(seen, Parameters(), "co_creation", until_week=30)
    spread = (severe - rated).std()
    assert spread == pytest.approx(4 * 0.10, rel=0.15)  # 300 raters, SD within 15 %


def test_themes_are_voiced_as_often_as_the_state_says(seen: Seen) -> None:
    voices = instruments.listening_session(seen, "trust", wave=1, people=5)
    chance = seen.people["trust"][:, 1].mean()
    assert voices.max() <= 5
    error = math.sqrt(chance * (1 - chance) / (5 * len(voices)))
    assert abs(voices.mean() / 5 - chance) < 4 * error


def test_the_log_counts_what_was_held(classroom: Scenario, seen: Seen) -> None:
    log = instruments.dosage_log(seen, since_week=0, until_week=30)
    record = model.simulate(classroom, classroom.parameter_set(), 5, 0)
    held = record[1:31, 0, outcomes.COLUMN["held"]].sum()
    assert log["contacts_a_month"].mean[0] == pytest.approx(held / (30 * 12 / 52))


def test_what_cannot_be_seen_is_said(seen: Seen) -> None:
    with pytest.raises(InputError, match="did you mean 'trust'"):
        survey(seen, Parameters(), "trusst", wave=0)
    with pytest.raises(InputError, match="0 is not a possible number of items"):
        survey(seen, Parameters(), "trust", wave=0, items=0)
    with pytest.raises(InputError, match=r"asked.*1 or more"):
        survey(seen, Parameters(), "trust", wave=0, asked=0)
    with pytest.raises(InputError, match="tailoring"):
        instruments.observation(seen, Parameters(), "tailorin", until_week=10)


def test_weeks_that_are_not_there_are_refused() -> None:
    scenario = Scenario.shipped("classroom")
    parameters = scenario.parameter_set()
    for week in (-1, scenario.horizon_weeks + 1):
        with pytest.raises(InputError, match=rf"weeks: .*allowed: 0..{scenario.horizon_weeks}"):
            observe(scenario, parameters, seed=1, replicates=1, weeks=[0, week])
    seen = observe(scenario, parameters, seed=1, replicates=1, weeks=[0])
    for since, until in ((5, 5), (-1, 5), (0, scenario.horizon_weeks + 1)):
        with pytest.raises(InputError, match="there are no weeks"):
            dosage_log(seen, since_week=since, until_week=until)


def test_region_that_is_not_there_is_refused() -> None:
    one = model.CoCreationModel(Scenario.shipped("classroom"), seed=1)
    with pytest.raises(InputError, match="did you mean 'region_1'"):
        one.outcome("trust", "region1")
