/* The week of the model as a plain C loop: a measure of how fast the compiled engine could be.

   The same work as run_weeks in sim/kernel.py, from the same start, with the same bits; the steps
   carry the same names. Read sim/model.py first. On-demand contacts, which couple the regions, are
   left out. layout.h is made from the arrays of the engine by twin.py, so that neither the order
   of parameters nor that of states is written down twice.

   gcc -O3 -march=native -ffp-contract=off: no contraction, no fast-math. Without errno and traps
   of floating point (they change no result), gcc may turn branches into selections, as LLVM does. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "layout.h"

typedef int64_t whole;
typedef uint32_t word;

typedef struct {
    whole runs, regions, horizon, providers, posts, shocks, slots, rows, whole_country;
    word k0, k1;
    double trend;
    /* What the runs start from, one after another. */
    const double *people_start, *sites_start, *means, *skills;
    const whole *leavers, *gone, *replicates;
    /* The scenario. */
    const struct parameters *p;
    const struct region *region;
    const struct contact *contact;
    const struct leave *leave;
    const whole *contact_start, *contact_count, *report;
    const double *demand, *delivery, *provider_hours;
    const whole *graph_rows, *graph_others, *row_starts, *others;
    /* Work space, and the record of every run. */
    double *people, *sites, *hours, *loads, *overloads, *here, *scratch;
    whole *due, *due_count, *who, *peers;
    word *words;
    double *record;
} job;

#define P const struct parameters *restrict p

/* ------------------------------------------------------------------------------- arithmetic */
static inline double exponential(double x)
{
    x = x < -40.0 ? -40.0 : (x > 40.0 ? 40.0 : x);
    double y = x * 0.0078125;
    double e = 1.0 + y * (1.0 / 12.0);
    e = 1.0 + y * e * (1.0 / 11.0);
    e = 1.0 + y * e * (1.0 / 10.0);
    e = 1.0 + y * e * (1.0 / 9.0);
    e = 1.0 + y * e * (1.0 / 8.0);
    e = 1.0 + y * e * (1.0 / 7.0);
    e = 1.0 + y * e * (1.0 / 6.0);
    e = 1.0 + y * e * (1.0 / 5.0);
    e = 1.0 + y * e * (1.0 / 4.0);
    e = 1.0 + y * e * (1.0 / 3.0);
    e = 1.0 + y * e * 0.5;
    e = 1.0 + y * e;
    e = e * e;
    e = e * e;
    e = e * e;
    e = e * e;
    e = e * e;
    e = e * e;
    return e * e;
}

static inline double sigmoid(double x) { return 1.0 / (1.0 + exponential(-x)); }
static inline double clip01(double x) { return x < 0.0 ? 0.0 : (x > 1.0 ? 1.0 : x); }
static inline whole to_fixed(double x) { return (whole)(x * 1099511627776.0); }

static inline double mean_from_fixed(whole total, whole count)
{
    return count == 0 ? 0.0 : (double)total / (1099511627776.0 * (double)count);
}

static inline double power(double base, whole exponent)
{
    double result = 1.0;
    for (whole i = 0; i < exponent; i++) result = result * base;
    return result;
}

static inline double cube_root(double x)
{
    double scale = 1.0, given = x;
    if (x < 0x1p-96) { x = x * 0x1p96; scale = scale * 0x1p-32; }
    if (x < 0x1p-48) { x = x * 0x1p48; scale = scale * 0x1p-16; }
    if (x < 0x1p-24) { x = x * 0x1p24; scale = scale * 0x1p-8; }
    if (x < 0x1p-12) { x = x * 0x1p12; scale = scale * 0x1p-4; }
    if (x < 0x1p-6) { x = x * 0x1p6; scale = scale * 0x1p-2; }
    if (x < 0x1p-3) { x = x * 0x1p3; scale = scale * 0.5; }
    double y = 0.46 + 0.56 * x;
    for (int i = 0; i < 3; i++) {
        double cube = y * y * y;
        y = y * (cube + 2.0 * x) / (2.0 * cube + x);
    }
    return given < 0x1p-144 ? 0.0 : y * scale;
}

static whole binomial(double u, whole trials, double probability)
{
    double rare = probability > 0.5 ? 1.0 - probability : probability;
    double odds = rare / (1.0 - rare);
    double chance = power(1.0 - rare, trials), below = chance;
    whole count = 0;
    while (u >= below && count < trials) {
        chance = chance * odds * (double)(trials - count) / (double)(count + 1);
        below = below + chance;
        count++;
    }
    return probability > 0.5 ? trials - count : count;
}

static whole poisson(double u, double mean)
{
    double chance = exponential(-mean), below = chance;
    whole count = 0;
    while (u >= below && count < 400) {
        count++;
        chance = chance * mean / (double)count;
        below = below + chance;
    }
    return count;
}

/* -------------------------------------------------------------------------------- the draws */
static inline void philox(word c0, word c1, word c2, word c3, word k0, word k1, word out[4])
{
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        word n0 = (word)(p1 >> 32) ^ c1 ^ k0, n2 = (word)(p0 >> 32) ^ c3 ^ k1;
        c1 = (word)p1;
        c3 = (word)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static inline double uniform(word w) { return ((double)w + 0.5) * (1.0 / 4294967296.0); }

static inline double bell(word w)
{
    int total = (int)((w & 255) + ((w >> 8) & 255) + ((w >> 16) & 255) + (w >> 24));
    return (double)(total - 510) / 147.8005;
}

static void fill_words(word *restrict words, whole n, word first, word week, word purpose,
                       word replicate, word k0, word k1)
{
    word *restrict w0 = words, *restrict w1 = words + n;
    word *restrict w2 = words + 2 * n, *restrict w3 = words + 3 * n;
    for (whole i = 0; i < n; i++) {
        word out[4];
        philox(first + (word)i, week, purpose, replicate, k0, k1, out);
        w0[i] = out[0];
        w1[i] = out[1];
        w2[i] = out[2];
        w3[i] = out[3];
    }
}

static double mean_of(const double *restrict values, whole n)
{
    whole total = 0;
    for (whole i = 0; i < n; i++) total += to_fixed(values[i]);
    return mean_from_fixed(total, n);
}

/* -------------------------------------------------------------------- a region while it runs */
typedef struct {
    whole r, n, candidate;
    const struct region *region;
    double *block, *site;
    const double *means;
    const whole *gone, *starts, *others;
    word replicate;
    double *row;
} place;

#define FIELD(name) (at->block + (name) * n)

/* -------------------------------------------------------------------------- step 1: calendar */
static void calendar_and_load(const job *j, whole week, const double *sites, P, word replicate)
{
    whole *due = j->due + week * j->regions * j->slots;
    whole *due_count = j->due_count + week * j->regions;
    double *hours = j->hours + week * j->regions * j->slots;
    double *loads = j->loads + week * j->providers, *over = j->overloads + week * j->providers;
    for (whole r = 0; r < j->regions; r++) {
        whole n = 0, first = j->contact_start[week * j->regions + r];
        for (whole c = first; c < first + j->contact_count[week * j->regions + r]; c++) {
            const struct contact *contact = j->contact + c;
            if (contact->timing != SCHEDULED) {
                word out[4];
                philox((word)sites[r * SITES + S_CANDIDATE], (word)week,
                       CALENDAR + STEP * (word)contact->series, replicate, j->k0, j->k1, out);
                double every = contact->every_weeks;
                if (!(uniform(out[0]) < (every <= 1.0 ? 1.0 : 1.0 / every))) continue;
            }
            due[r * j->slots + n] = c;
            hours[r * j->slots + n] = contact->hours;
            n++;
        }
        due_count[r] = n;
    }
    for (whole q = 0; q < j->providers; q++) {
        double total = 0.0;
        for (whole r = 0; r < j->regions; r++) {
            if (j->region[r].provider != q) continue;
            for (whole s = 0; s < due_count[r]; s++) {
                double travel = j->contact[due[r * j->slots + s]].mode == ONSITE
                                    ? p->travel_hours : 0.0;
                total = total + (hours[r * j->slots + s] * (1.0 + p->preparation_per_hour)
                                 + p->preparation_per_contact + travel);
            }
        }
        double available = j->provider_hours[q] < 1e-9 ? 1e-9 : j->provider_hours[q];
        double before = week > 0 ? loads[q - j->providers] : 0.0;
        loads[q] = before + p->load_memory * (total / available - before);
        over[q] = loads[q] > 1.0 ? loads[q] - 1.0 : 0.0;
    }
    for (whole r = 0; r < j->regions; r++)
        for (whole s = 0; s < due_count[r]; s++)
            hours[r * j->slots + s] =
                hours[r * j->slots + s] / (1.0 + over[j->region[r].provider]);
}

static void feel_workload(const job *j, const place *at, double demand, double delivery,
                          const whole *due, whole count, const double *hours, P)
{
    const whole n = at->n;
    double *restrict asked = j->scratch, *restrict workload = FIELD(F_WORKLOAD);
    const double *restrict offset = FIELD(F_OFFSET), *restrict owed = FIELD(F_OPEN);
    const double *restrict integration = FIELD(F_INTEGRATION), *restrict seat = FIELD(F_SEAT);
    double each = p->commitment_workload;
    for (whole i = 0; i < n; i++) asked[i] = 0.0;
    for (whole s = 0; s < count; s++) {
        const struct contact *contact = j->contact + due[s];
        double load = hours[s] * (1.0 + contact->co_creation) / p->working_week;
        double seats = (double)contact->seats;
        for (whole i = 0; i < n; i++)
            asked[i] = asked[i] + (seat[i] < seats ? load : 0.0);
    }
    for (whole i = 0; i < n; i++)
        workload[i] = clip01(demand + offset[i] + asked[i] + each * owed[i]
                             + delivery * integration[i]);
}

/* -------------------------------------------------------------------- steps 2-6: one contact */
static double after_review(double value, whole kept, whole reviewed, double step)
{
    if (reviewed == 0) return value;
    return value + (1.0 - power(1.0 - step, reviewed)) * ((double)kept / (double)reviewed - value);
}

static whole attend(const job *j, const place *at, whole seats_asked, P)
{
    const whole n = at->n;
    double *restrict here = j->here;
    const word *restrict words = j->words;
    const double *restrict motivation = FIELD(F_MOTIVATION), *restrict trust = FIELD(F_TRUST);
    const double *restrict workload = FIELD(F_WORKLOAD), *restrict seat = FIELD(F_SEAT);
    double base = p->attendance_base, slope = p->attendance_slope, pivot = p->attendance_pivot;
    double leadership = at->site[S_LEADERSHIP], seats = (double)seats_asked;
    whole came = 0;
    for (whole i = 0; i < n; i++) {
        double wish = motivation[i] + trust[i] + leadership - workload[i] - pivot;
        int comes = (uniform(words[i]) < sigmoid(base + slope * wish)) & (seat[i] < seats);
        here[i] = comes ? 1.0 : 0.0;
        came += comes;
    }
    return came;
}

static void review(const job *j, const place *at, whole came, word provider_word, double o, P)
{
    const whole n = at->n;
    double *owed = FIELD(F_OPEN), *accountability = FIELD(F_ACCOUNTABILITY);
    const double *workload = FIELD(F_WORKLOAD);
    const word *keep = j->words + n;
    double *site = at->site, *row = at->row;
    whole provider_owed = (whole)site[S_OWED];
    whole provider_kept = binomial(
        uniform(provider_word), provider_owed,
        sigmoid(p->keeping + p->keeping_slope * (site[S_RECORD] - p->record_pivot - o)));
    double step = p->accountability_step;
    whole staff_kept = 0, reviewed = 0;
    for (whole k = 0; k < came; k++) {
        whole i = j->who[k], count = (whole)owed[i];
        if (count > 0) {
            double chance = sigmoid(p->keeping
                                    + p->keeping_slope * (accountability[i] - workload[i]));
            whole kept = binomial(uniform(keep[i]), count, chance);
            accountability[i] = after_review(accountability[i], kept, count, step);
            owed[i] = 0.0;
            staff_kept += kept;
            reviewed += count;
        }
    }
    site[S_RECORD] = after_review(site[S_RECORD], provider_kept, provider_owed, step);
    site[S_OWED] = 0.0;
    double counterpart = p->reciprocity * step;
    if (provider_owed > 0)
        for (whole k = 0; k < came; k++) {
            whole i = j->who[k];
            accountability[i] = after_review(accountability[i], provider_kept, provider_owed,
                                             counterpart);
        }
    site[S_RECORD] = after_review(site[S_RECORD], staff_kept, reviewed, counterpart);
    site[S_ROUTINES] = 1.0 - (1.0 - site[S_ROUTINES])
                                 * power(1.0 - p->routine_step, staff_kept + provider_kept);
    row[C_KEPT_STAFF] += (double)staff_kept;
    row[C_BROKEN_STAFF] += (double)(reviewed - staff_kept);
    row[C_KEPT_PROVIDER] += (double)provider_kept;
    row[C_BROKEN_PROVIDER] += (double)(provider_owed - provider_kept);
}

static void new_commitments(const job *j, const place *at, whole came, double u, double mean,
                            whole week, whole series, P)
{
    const whole n = at->n;
    double *owed = FIELD(F_OPEN);
    whole first = at->candidate << POST_BITS, made = poisson(u, mean);
    for (whole number = 0; number < made; number++) {
        word out[4];
        philox((word)(first + number), (word)week, COMMITMENT + STEP * (word)series,
               at->replicate, j->k0, j->k1, out);
        if (uniform(out[0]) < p->provider_commitment_share) {
            at->site[S_OWED] += 1.0;
            at->row[C_MADE_PROVIDER] += 1.0;
        } else {
            owed[j->who[(whole)(uniform(out[1]) * (double)came)]] += 1.0;
            at->row[C_MADE_STAFF] += 1.0;
        }
    }
}

static void judge_and_learn(const job *j, const place *at, double richness, double effect,
                            double learning, double tailoring, double skill, double d,
                            double kappa, P)
{
    const whole n = at->n;
    double *restrict trust = FIELD(F_TRUST), *restrict knowledge = FIELD(F_KNOWLEDGE);
    const double *restrict here = j->here;
    const word *restrict impressions = j->words + 2 * n;
    double context = at->site[S_CONTEXT], record = at->site[S_RECORD];
    double noise = p->evidence_noise, omega = p->ability_weight, share = p->skill_share;
    double weight = p->power_sharing, step = p->trust_step, asymmetry = p->trust_asymmetry;
    double rate = p->learning_rate, skill_floor = p->learning_skill_floor;
    double tailoring_floor = p->learning_tailoring_floor, trust_floor = p->learning_trust_floor;
    for (whole i = 0; i < n; i++) {
        double ability = share * skill + (1.0 - share) * context;
        double integrity = d * weight * sqrt(skill * kappa) + (1.0 - weight) * record;
        double quality = clip01(d * omega * ability + (1.0 - omega) * integrity
                                + noise * bell(impressions[i]));
        double pace = step * richness * effect;
        pace = quality < trust[i] ? pace * asymmetry : pace;
        pace = pace > 1.0 ? 1.0 : pace;
        double after = trust[i] + pace * (quality - trust[i]);
        after = here[i] > 0.0 ? after : trust[i];
        trust[i] = after;
        double by_skill = skill_floor + (1.0 - skill_floor) * skill;
        double by_tailoring = tailoring_floor + (1.0 - tailoring_floor) * tailoring;
        double by_trust = trust_floor + (1.0 - trust_floor) * after;
        double gain = rate * richness * learning * d * by_skill * by_tailoring * by_trust;
        double more = knowledge[i] + gain * (1.0 - knowledge[i]);
        knowledge[i] = here[i] > 0.0 ? more : knowledge[i];
    }
}

static inline double saturation(double hours, double scale)
{
    return 1.0 - exponential(-hours / scale);
}

static inline double contact_effect(double before, double hours, double scale)
{
    return saturation(before + hours, scale) - saturation(before, scale);
}

static double hold_contact(const job *j, const place *at, whole week,
                           const struct contact *contact, double h, double counted, double skill,
                           double o, P)
{
    const whole n = at->n;
    double *site = at->site, *row = at->row;
    word draws[4];
    philox((word)at->candidate, (word)week, REGION_CONTACT + STEP * (word)contact->series,
           at->replicate, j->k0, j->k1, draws);
    row[C_PREPARATION_HOURS] += p->preparation_per_contact + p->preparation_per_hour * h;
    int by_provider = contact->status == PROVIDER_CANCELLED;
    int by_region = contact->status == REGION_CANCELLED;
    if (contact->status == DRAWN) {
        by_provider = uniform(draws[0])
                      < sigmoid(p->provider_cancels + p->provider_cancels_slope * o);
        by_region = !by_provider
                    && uniform(draws[1])
                           < sigmoid(p->region_cancels
                                     + p->region_cancels_slope
                                           * (mean_of(FIELD(F_WORKLOAD), n)
                                              - p->workload_pivot));
    }
    if (by_provider) {
        row[C_FAILED_PROVIDER] += 1.0;
        site[S_RECORD] = site[S_RECORD] - p->accountability_step * site[S_RECORD];
        return counted;
    }
    if (by_region) {
        row[C_FAILED_REGION] += 1.0;
        return counted;
    }
    row[C_HELD] += 1.0;
    row[C_CONTACT_HOURS] += h;
    if (contact->mode == ONSITE) {
        row[C_VISITS] += 1.0;
        row[C_TRAVEL_HOURS] += p->travel_hours;
    }
    double useful = h > p->setup_hours ? h - p->setup_hours : 0.0;
    double effect = contact_effect(counted, useful, p->hour_scale);
    if (contact->timing == SCHEDULED)
        site[S_RECORD] = site[S_RECORD]
                         + p->reciprocity * p->accountability_step * effect
                               * (1.0 - site[S_RECORD]);
    fill_words(j->words, n, (word)(at->candidate << POST_BITS), (word)week,
               STAFF_CONTACT + STEP * (word)contact->series, at->replicate, j->k0, j->k1);
    whole came = attend(j, at, contact->seats, p);
    row[C_INVITED] += (double)contact->seats;
    row[C_PRESENT] += (double)came;
    row[C_STAFF_HOURS] += h * (double)came;
    if (came == 0) return counted + useful;
    const double *trust = FIELD(F_TRUST);
    whole total = 0, k = 0;
    for (whole i = 0; i < n; i++)
        if (j->here[i] > 0.0) {
            total += to_fixed(trust[i]);
            j->who[k++] = i;
        }
    double c = contact->co_creation * sqrt(skill * mean_from_fixed(total, came));
    double left = h * (1.0 - p->negotiating_share * c);
    double learning = contact_effect(
        counted, left > p->setup_hours ? left - p->setup_hours : 0.0, p->hour_scale);
    row[C_ATTENDED] += 1.0;
    row[C_CO_CREATION_SUM] += c;
    review(j, at, came, draws[3], o, p);
    new_commitments(j, at, came, uniform(draws[2]), p->commitment_rate * c * effect, week,
                    contact->series, p);
    double richness[4] = {p->richness_onsite, p->richness_video, p->richness_phone,
                          p->richness_email};
    judge_and_learn(j, at, richness[contact->mode], effect, learning, c * site[S_CONTEXT], skill,
                    1.0 / (1.0 + p->site_dilution * (double)(at->region->sites - 1)),
                    contact->co_creation, p);
    site[S_CONTEXT] = site[S_CONTEXT] + p->context_step * effect * c * (1.0 - site[S_CONTEXT]);
    return counted + useful;
}

/* --------------------------------------------------------------------- step 7: every week, all */
static void choose_peers(const job *j, const place *at)
{
    const whole n = at->n;
    whole *restrict peers = j->peers;
    const word *restrict which = j->words + n;
    if (n < 2) {
        peers[0] = 0;
    } else if (at->region->complete) {
        for (whole i = 0; i < n; i++) {
            whole k = (whole)(uniform(which[i]) * (double)(n - 1));
            peers[i] = k >= i ? k + 1 : k;
        }
    } else {
        for (whole i = 0; i < n; i++) {
            whole first = at->starts[i], degree = at->starts[i + 1] - first;
            whole k = at->others[first + (whole)(uniform(which[i]) * (double)degree)];
            peers[i] = degree > 0 ? k : i;
        }
    }
}

static void meet_peers(const job *j, const place *at, P)
{
    const whole n = at->n;
    double *restrict heard = j->scratch, *restrict theirs = j->here;
    const double *restrict knowledge = FIELD(F_KNOWLEDGE);
    const double *restrict first = FIELD(F_FIRST_KNOWLEDGE);
    const whole *restrict peers = j->peers;
    const word *restrict words = j->words;
    double meeting = p->peer_meeting, transfer = p->peer_transfer;
    for (whole i = 0; i < n; i++) theirs[i] = knowledge[peers[i]] - first[peers[i]];
#pragma GCC ivdep
    for (whole i = 0; i < n; i++) {
        double gap = theirs[i] - (knowledge[i] - first[i]);
        double gain = transfer * gap * (1.0 - knowledge[i]);
        gain = gap <= 0.0 ? 0.0 : gain;
        heard[i] = uniform(words[i]) < meeting ? gain : 0.0;
    }
}

static void apply(const job *j, const place *at, P)
{
    const whole n = at->n;
    double *restrict trust = FIELD(F_TRUST), *restrict accountability = FIELD(F_ACCOUNTABILITY);
    double *restrict knowledge = FIELD(F_KNOWLEDGE), *restrict integration = FIELD(F_INTEGRATION);
    double *restrict first_knowledge = FIELD(F_FIRST_KNOWLEDGE);
    const double *restrict motivation = FIELD(F_MOTIVATION);
    const double *restrict workload = FIELD(F_WORKLOAD);
    const double *restrict first_trust = FIELD(F_FIRST_TRUST);
    const double *restrict first_accountability = FIELD(F_FIRST_ACCOUNTABILITY);
    const double *restrict heard = j->scratch;
    double uptake = p->uptake_ratio * p->integration_loss, loss = p->integration_loss;
    double leadership = at->site[S_LEADERSHIP], routines = at->site[S_ROUTINES];
    double forgetting = p->forgetting, protection = p->use_protection;
    double trust_fade = p->trust_fade, fade = p->accountability_fade;
#pragma GCC ivdep
    for (whole i = 0; i < n; i++) {
        double k = knowledge[i], u = integration[i], a = accountability[i], t = trust[i];
        double drive = (motivation[i] + t + a) / 3.0;
        double chance = (1.0 - workload[i]) * (leadership + routines) * 0.5;
        double growth = uptake * k * drive * chance;
        double gain = k - first_knowledge[i];
        double lost = forgetting * (1.0 - protection * u) * gain;
        double forgotten = gain <= 0.0 ? 0.0 : lost;
        double decline = loss * (1.0 - routines) * (1.0 - a);
        knowledge[i] = k - forgotten + heard[i];
        integration[i] = u + (growth * (1.0 - u) - decline * u);
        trust[i] = t + trust_fade * (first_trust[i] - t);
        accountability[i] = a + fade * (first_accountability[i] - a);
    }
    if (j->trend != 0.0)
        for (whole i = 0; i < n; i++) {
            knowledge[i] = clip01(knowledge[i] + j->trend / 52.0);
            first_knowledge[i] = clip01(first_knowledge[i] + j->trend / 52.0);
        }
}

/* ------------------------------------------------------------------------ step 8: turnover */
static void leave(const job *j, const place *at, whole i, double team_trust, whole week, P)
{
    const whole n = at->n;
    word entity = (word)((at->candidate << POST_BITS) + i), traits[4], starts[4];
    const double *means = at->means;
    philox(entity, (word)week, PERSON_TRAITS, at->replicate, j->k0, j->k1, traits);
    philox(entity, (word)week, PERSON_STARTS, at->replicate, j->k0, j->k1, starts);
    at->row[C_LAPSED] += FIELD(F_OPEN)[i];
    at->row[C_LEAVERS] += 1.0;
    FIELD(F_OPEN)[i] = 0.0;
    double effect = means[4];
    double motivation = clip01(p->motivation_mean + effect + p->motivation_sd * bell(traits[0]));
    double capacity = clip01(p->capacity_mean + effect + p->capacity_sd * bell(traits[1]));
    double k = means[0] + j->trend * (double)week / 52.0 + means[1]
               + p->knowledge_sd * bell(traits[2]);
    k = k < p->knowledge_floor ? p->knowledge_floor
                               : (k > p->knowledge_ceiling ? p->knowledge_ceiling : k);
    double a = clip01(means[2] + 0.0 + p->staff_accountability_sd * bell(starts[0]));
    double readiness = cube_root(motivation * capacity * k);
    double t = clip01(means[3] + p->trust_readiness_link * (readiness - p->readiness_pivot)
                      + p->trust_sd * bell(starts[1]));
    FIELD(F_MOTIVATION)[i] = motivation;
    FIELD(F_CAPACITY)[i] = capacity;
    FIELD(F_OFFSET)[i] = p->workload_offset_sd * bell(traits[3]);
    FIELD(F_FIRST_TRUST)[i] = t;
    FIELD(F_FIRST_ACCOUNTABILITY)[i] = a;
    FIELD(F_FIRST_KNOWLEDGE)[i] = k;
    FIELD(F_ACCOUNTABILITY)[i] = a;
    FIELD(F_KNOWLEDGE)[i] = k;
    FIELD(F_TRUST)[i] = t + p->newcomer_trust_share * (team_trust - t);
    FIELD(F_INTEGRATION)[i] = at->site[S_ROUTINES] * k;
}

static void staff_turnover(const job *j, const place *at, whole week, P)
{
    const whole n = at->n;
    double *restrict goes = j->here;
    const word *restrict words = j->words + 2 * n;
    double hazard = p->staff_turnover;
    whole going = 0;
    for (whole i = 0; i < n; i++) {
        int g = uniform(words[i]) < hazard;
        goes[i] = g ? 1.0 : 0.0;
        going += g;
    }
    for (whole s = 0; s < j->shocks; s++)
        if (j->leave[s].week == week && (j->leave[s].region == at->r || j->leave[s].region < 0))
            for (whole i = 0; i < n; i++)
                if (at->gone[s * j->posts + i] > 0) {
                    goes[i] = 1.0;
                    going++;
                }
    if (going == 0) return;
    double team_trust = mean_of(FIELD(F_TRUST), n);
    for (whole i = 0; i < n; i++)
        if (goes[i] > 0.0) leave(j, at, i, team_trust, week, p);
}

static void provider_leaves(const place *at, P)
{
    const whole n = at->n;
    double share = p->handover_share, *site = at->site;
    double *restrict trust = FIELD(F_TRUST);
    const double *restrict first = FIELD(F_FIRST_TRUST);
    site[S_CONTEXT] = share * site[S_CONTEXT];
    site[S_RECORD] = site[S_USUAL_RECORD] + share * (site[S_RECORD] - site[S_USUAL_RECORD]);
    at->row[C_LAPSED] += site[S_OWED];
    at->row[C_PROVIDER_LEFT] += 1.0;
    site[S_OWED] = 0.0;
    for (whole i = 0; i < n; i++) trust[i] = first[i] + share * (trust[i] - first[i]);
}

/* ------------------------------------------------------------------------------ the record */
static void write_levels(const place *at, double load, P)
{
    const whole n = at->n;
    const double *restrict motivation = FIELD(F_MOTIVATION), *restrict capacity = FIELD(F_CAPACITY);
    const double *restrict knowledge = FIELD(F_KNOWLEDGE);
    const double *restrict integration = FIELD(F_INTEGRATION), *restrict owed = FIELD(F_OPEN);
    const double *site = at->site;
    const double *restrict trust = FIELD(F_TRUST), *restrict workload = FIELD(F_WORKLOAD);
    const double *restrict accountability = FIELD(F_ACCOUNTABILITY);
    double *row = at->row, threshold = p->integration_threshold;
    whole trusts = 0, accounts = 0, levels = 0, squares = 0, ready = 0, loads = 0;
    whole there = 0, promises = 0;
    for (whole i = 0; i < n; i++) {
        trusts += to_fixed(trust[i]);
        accounts += to_fixed(accountability[i]);
        levels += to_fixed(knowledge[i]);
        squares += to_fixed(knowledge[i] * knowledge[i]);
        ready += to_fixed(cube_root(motivation[i] * capacity[i] * knowledge[i]));
        loads += to_fixed(workload[i]);
        there += integration[i] >= threshold ? 1 : 0;
        promises += (whole)owed[i];
    }
    double mean = mean_from_fixed(levels, n);
    double spread = mean_from_fixed(squares, n) - mean * mean;
    row[C_TRUST] = mean_from_fixed(trusts, n);
    row[C_STAFF_ACCOUNTABILITY] = mean_from_fixed(accounts, n);
    row[C_PROVIDER_ACCOUNTABILITY] = site[S_RECORD];
    row[C_KNOWLEDGE] = mean;
    row[C_KNOWLEDGE_SD] = spread > 0.0 ? sqrt(spread) : 0.0;
    row[C_INTEGRATION] = site[S_MEAN_INTEGRATION];
    row[C_INTEGRATED_SHARE] = (double)there / (double)n;
    row[C_ROUTINES] = site[S_ROUTINES];
    row[C_READINESS] = mean_from_fixed(ready, n);
    row[C_CONTEXT] = site[S_CONTEXT];
    row[C_LOAD] = load;
    row[C_WORKLOAD] = mean_from_fixed(loads, n);
    row[C_OPEN] = site[S_OWED] + (double)promises;
}

/* --------------------------------------------------------------------------------- the runs */
static void region_week(const job *j, const place *at, whole week, double skill, int leaver, P)
{
    const whole n = at->n;
    const double *over = j->overloads + week * j->providers;
    whole cell = week * j->regions + at->r, count = j->due_count[cell];
    const whole *due = j->due + cell * j->slots;
    const double *hours = j->hours + cell * j->slots;
    double *site = at->site, counted = 0.0, o = over[at->region->provider];
    at->row[C_PLANNED] += (double)count;
    feel_workload(j, at, site[S_USUAL_DEMAND] + j->demand[cell], j->delivery[week], due, count,
                  hours, p);
    for (whole s = 0; s < count; s++)
        counted = hold_contact(j, at, week, j->contact + due[s], hours[s], counted, skill, o, p);
    fill_words(j->words, n, (word)(at->candidate << POST_BITS), (word)week, STAFF_WEEK,
               at->replicate, j->k0, j->k1);
    choose_peers(j, at);
    meet_peers(j, at, p);
    apply(j, at, p);
    site[S_ROUTINES] = site[S_ROUTINES]
                       + p->routine_pace * (site[S_MEAN_INTEGRATION] - site[S_ROUTINES]);
    site[S_CONTEXT] = site[S_CONTEXT] - p->context_fade * site[S_CONTEXT];
    site[S_RECORD] = site[S_RECORD]
                     + p->accountability_fade * (site[S_USUAL_RECORD] - site[S_RECORD]);
    staff_turnover(j, at, week, p);
    site[S_MEAN_INTEGRATION] = mean_of(FIELD(F_INTEGRATION), n);
    if (leaver) provider_leaves(at, p);
}

static void run_weeks(const job *j, whole run)
{
    const struct parameters *p = j->p;
    word replicate = (word)j->replicates[run];
    double *record = j->record + run * j->rows * j->regions * COLUMNS;
    const double *skills = j->skills + run * (j->horizon + 1) * j->providers;
    const whole *leavers = j->leavers + run * (j->horizon + 1) * j->providers;
    const double *means = j->means + run * j->regions * 5;
    memcpy(j->people, j->people_start + run * STATES * j->posts,
           sizeof(double) * (size_t)(STATES * j->posts));
    memcpy(j->sites, j->sites_start + run * SITES * j->regions,
           sizeof(double) * (size_t)(SITES * j->regions));
    memset(record, 0, sizeof(double) * (size_t)(j->rows * j->regions * COLUMNS));
    for (whole q = 0; q < j->providers; q++) j->loads[q] = 0.0;
    for (whole week = 1; week <= j->horizon; week++)
        calendar_and_load(j, week, j->sites, p, replicate);
    for (whole r = 0; r < j->regions; r++) {
        const struct region *region = j->region + r;
        place at = {.r = r, .n = region->staff, .region = region,
                    .block = j->people + STATES * region->first, .site = j->sites + r * SITES,
                    .means = means + 5 * r, .replicate = replicate,
                    .gone = j->gone + run * j->shocks * j->posts + region->first};
        at.candidate = (whole)at.site[S_CANDIDATE];
        if (!region->complete) {
            whole offset = j->whole_country ? 0 : at.candidate * region->graphs;
            whole graph = region->first_graph + offset + (whole)replicate % region->graphs;
            at.starts = j->row_starts + j->graph_rows[graph];
            at.others = j->others + j->graph_others[graph];
        }
        for (whole week = 0; week <= j->horizon; week++) {
            whole cell = week * j->providers + region->provider;
            at.row = record + (j->report[week] * j->regions + r) * COLUMNS;
            if (week > 0) region_week(j, &at, week, skills[cell], leavers[cell] > 0, p);
            if (week == j->horizon || j->report[week + 1] != j->report[week])
                write_levels(&at, j->loads[cell], p);
        }
    }
}

void run_all(const job *j)
{
    for (whole run = 0; run < j->runs; run++) run_weeks(j, run);
}
