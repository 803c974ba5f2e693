"""The reduced model as a NumPy user writes it: every line works on the staff of all replicates."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from rivals.case import MEANS, Case


def newcomers(case: Case, luck: np.random.Generator, shape: tuple[int, ...]) -> SimpleNamespace:
    """States of people who are new, each array of this shape."""

    def near(middle: float, spread: float) -> np.ndarray:
        return np.clip(luck.normal(middle, spread, shape), 0, 1)

    knowledge, trust = (near(x, case.person_spread) for x in (case.knowledge, case.trust))
    accountability = near(case.accountability, case.person_spread)
    return SimpleNamespace(
        motivation=near(case.motivation, case.drive_spread),
        group=near(case.group, case.drive_spread),
        offset=luck.normal(0, case.offset_spread, shape),
        knowledge=knowledge,
        first_knowledge=knowledge.copy(),
        accountability=np.clip(accountability + case.promised, 0, 1),
        first_accountability=accountability,
        trust=trust,
        first_trust=trust.copy(),
        integrated=np.full(shape, case.integrated),
    )


def small_worlds(case: Case, luck: np.random.Generator, runs: int) -> np.ndarray:
    """Places of colleagues, int (runs, regions, staff, colleagues)."""
    half = case.colleagues // 2
    sides = np.array([side for step in range(1, half + 1) for side in (-step, step)])
    here = np.arange(case.staff)[:, None]
    shape = (runs, case.regions, case.staff, len(sides))
    anybody = (here + luck.integers(1, case.staff, shape)) % case.staff
    return np.where(luck.random(shape) < case.rewired, anybody, (here + sides) % case.staff)


def run(case: Case, runs: int, seed: int) -> np.ndarray:
    """Float64 (runs, weeks, regions, means)."""
    c, luck = case, np.random.default_rng(seed)
    site, staff = (runs, c.regions, 1), (runs, c.regions, c.staff)
    p = newcomers(c, luck, staff)
    lead, demand = (
        np.clip(luck.normal(x, c.region_spread, site), 0, 1) for x in (c.lead, c.demand)
    )
    routines = np.full(site, c.routines)
    understanding = c.understanding  # every region has the same contacts
    colleagues = small_worlds(c, luck, runs)
    made = np.empty((runs, c.weeks, c.regions, len(MEANS)))
    for week in range(1, c.weeks + 1):
        workload = np.clip(demand + p.offset + c.use_load * p.integrated, 0, 1)
        attending = np.zeros(staff[:2])
        for richness, dose in c.contacts(week):
            pull = p.motivation + p.trust + lead - workload - c.attend_pivot
            chance = 1 / (1 + np.exp(-(c.attend_base + c.attend_slope * pull)))
            came = luck.random(staff) < chance
            quality = c.promise(understanding) + luck.normal(0, c.quality_spread, staff)
            quality = np.clip(quality, 0, 1)
            pace = c.trust_step * richness * dose * np.where(quality < p.trust, c.distrust, 1)
            p.trust += came * np.minimum(1, pace) * (quality - p.trust)
            learned = c.learning * richness * dose * (0.5 + 0.5 * p.trust)
            p.knowledge += came * learned * (1 - p.knowledge)
            attending += came.sum(axis=2)
            understanding += c.understanding_step * dose * (1 - understanding)

        gained = p.knowledge - p.first_knowledge
        asked = luck.integers(0, c.colleagues, staff)[..., None]
        other = np.take_along_axis(colleagues, asked, axis=3)[..., 0]
        ahead = np.maximum(0, np.take_along_axis(gained, other, axis=2) - gained)
        heard = (luck.random(staff) < c.asking) * c.transfer * ahead * (1 - p.knowledge)

        ready = (p.motivation + p.trust + p.accountability) / 3
        room = (1 - workload) * (lead + routines) / 2
        growth = c.uptake * p.knowledge * ready * room * (1 - p.integrated)
        loss = c.losing * (1 - routines) * (1 - p.accountability) * p.integrated
        p.knowledge += heard - c.forgetting * (1 - c.protection * p.integrated) * np.maximum(
            0, gained
        )
        p.integrated += growth - loss
        p.trust += c.trust_fade * (p.first_trust - p.trust)
        p.accountability += c.accountability_fade * (p.first_accountability - p.accountability)
        left = np.nonzero(luck.random(staff) < c.turnover)
        for name, values in vars(newcomers(c, luck, left[0].shape)).items():
            getattr(p, name)[left] = values

        integration = p.integrated.mean(axis=2)
        made[:, week - 1, :, 0] = p.trust.mean(axis=2)
        made[:, week - 1, :, 1] = p.knowledge.mean(axis=2)
        made[:, week - 1, :, 2] = integration
        made[:, week - 1, :, 3] = p.accountability.mean(axis=2)
        made[:, week - 1, :, 4] = np.cbrt(p.motivation * p.group * p.knowledge).mean(axis=2)
        made[:, week - 1, :, 5] = attending
        routines += c.routine_pace * (integration[..., None] - routines)
    return made
