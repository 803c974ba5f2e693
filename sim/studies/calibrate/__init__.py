"""Calibrations: :func:`calibrate` fits the free parameters to what was observed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.execute import Execution
    from sim.scenario.scenario import Scenario
    from sim.studies.result import Result


def calibrate(
    study: str | os.PathLike[str] | Scenario = "calibrate",
    *,
    data: pd.DataFrame | str | os.PathLike[str] | Mapping[str, Any] | None = None,
    parameters: Sequence[str] | Mapping[str, Any] | None = None,
    survey: Mapping[str, Any] | None = None,
    execution: Execution | None = None,
    **fields: Any,
) -> Result:
    """Fit parameters to what was observed, and say which of them the data narrow.

    Every setting of a reference table of runs gets the likelihood of the targets as its weight. The
    variance in it adds the error of a finding and the noise of the simulated mean. A survey, a test
    or a count is simulated through its instrument and never compared with a latent state. The
    user's own numbers come from one run of a centre's history, so the scatter of single runs counts
    too.

    Args:
        study: path of a study file, or the name of a shipped one. With ``data`` or ``parameters``,
            a scenario: a name, a path or a :class:`sim.Scenario`.
        data: your own findings: a frame, a table (CSV, Excel), a file of observations, or its
            content. A row of a frame is a mean (columns ``item``, ``wave``, ``mean``, ``sd`` and
            ``n``; or ``se``; or ``low`` and ``high``, 95 %), a mean change of the same people
            (``change``, ``since``, and its error), or an answer (``answer``, and ``person``, which
            pairs answers of the same people). Items: trust, accountability, knowledge,
            integration (survey, 1-5), "knowledge test" (0-1), attendance, "cancelled by region",
            "cancelled by provider", "commitments kept", response (0-1; ``n`` alone is enough).
            Waves: a week, start, end_of_ta, year_after, horizon.
        parameters: the parameters that vary, as names, as roles (free, uncertain), or as name:
            {uniform: [low, high]}; default: the free and the uncertain ones. Where a survey is
            among the targets, the leniency of answers and the starting levels of people vary, too.
        survey: fields of a map (:class:`sim.studies.survey_map.SurveyMap`) for ``data``, such as
            ``{"scale": [1, 7], "reversed": ["q3"]}``.
        execution: how runs are made; default: on all threads of this machine.
        fields: fields that replace those of the file, such as ``samples=2000``,
            ``leave_out=["T9"]`` or ``truths=400`` (coverage). With ``data``, ``own_only`` is True
            by default: the findings that come with codose do not count.

    Returns:
        The result. Its tables are ``summary``, ``predictive`` (each target against fresh runs),
        ``narrowed`` (prior against posterior for each parameter), ``left_out`` (parameters and
        effects without a target), ``double_use`` (sources of both a range and a target),
        ``defaults`` (whether the defaults lie in the middle of the sets), ``targets`` (with
        ``whose``: own or shipped), ``aside`` (findings that could be targets and are none),
        ``reference`` (the reference table: every setting, its outputs and its weight), and, with
        ``truths``, ``coverage``. The saved folder holds plausible sets for the argument ``sets`` of
        every other study.

    Raises:
        StudyError: the study has mistakes; each is named with its line.
        ObservedError: the data have mistakes; each is named with its row.
        CalibrationError: no setting meets the targets (the message names the nearest setting and
            the infeasible targets), or too many settings have no value.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    Source: error of observation as the kernel, Wilkinson 2013, doi 10.1515/sagmb-2013-0010;
    variance of simulated means in it, Wood 2010, doi 10.1038/nature09319; coverage, Talts et al.
    2018, arXiv 1804.06788.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"item": ["knowledge test"] * 2, "wave": ["start", 52],
    ...                       "mean": [0.41, 0.60], "sd": [0.2, 0.2], "n": [40, 40]})
    >>> few = {"samples": 60, "replicates": 2, "kept": 50}  # fewer than an answer needs
    >>> found = calibrate("classroom", data=frame, parameters=["learning_rate"], **few)
    >>> found.table("targets")[["id", "whose"]].values.tolist()
    [['own_knowledge_test_start', 'own'], ['own_knowledge_test_start_to_52', 'own']]
    """
    from sim.studies.ask import ask
    from sim.studies.kind import StudyKind

    kind = StudyKind.of("calibrate")
    if data is None and parameters is None and isinstance(study, str | os.PathLike):
        return ask(kind.read(study, **fields), execution)
    if data is not None:
        from sim.studies.survey_import import observations

        content = data if isinstance(data, Mapping) else observations(data, survey)
        fields = {"own_only": True, **fields, "data": content}
    if parameters is not None:
        fields["factors"] = parameters
    return ask(kind.make(scenario=study, **fields), execution)
