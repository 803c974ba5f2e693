/* The reduced model in C, a field at a time so that loops can be vectorised: the limit.
 *
 * case.h, written by compiled_c.py, defines the numbers of a Case in capitals. */
#include "case.h"
#include <math.h>
#include <stdint.h>

enum { WAYS = COLLEAGUES, TRUST_MEAN = 0, KNOWLEDGE_MEAN, INTEGRATION_MEAN, ACCOUNTABILITY_MEAN,
       READINESS_MEAN, ATTENDING_SUM, COUNT };

typedef struct {
    double motivation[STAFF], group[STAFF], offset[STAFF], integrated[STAFF], workload[STAFF];
    double knowledge[STAFF], first_knowledge[STAFF], trust[STAFF], first_trust[STAFF];
    double accountability[STAFF], first_accountability[STAFF], heard[STAFF], luck[STAFF];
    int colleagues[STAFF][WAYS];
    double lead, demand, routines, understanding;
} Region;

/* xoshiro256+ of Blackman and Vigna, begun by splitmix64 */
static uint64_t s[4];
static double kept;
static int is_kept;

static void begin(uint64_t seed) {
    is_kept = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        s[i] = z ^ (z >> 31);
    }
}

static inline uint64_t word(void) {
    uint64_t made = s[0] + s[3], t = s[1] << 17;
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3], s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return made;
}

static inline double uniform(void) { return (word() >> 11) * 0x1p-53; }

static inline int below(int n) { return (int)(((word() >> 32) * (uint64_t)n) >> 32); }

static double normal(double middle, double spread) { /* polar method; the second one waits */
    double u, v, q;
    if (is_kept) return is_kept = 0, middle + spread * kept;
    do {
        u = 2 * uniform() - 1, v = 2 * uniform() - 1, q = u * u + v * v;
    } while (q >= 1 || q == 0);
    q = sqrt(-2 * log(q) / q);
    kept = v * q, is_kept = 1;
    return middle + spread * u * q;
}

static inline double clip(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

static void enter(Region *r, int i) {
    r->motivation[i] = clip(normal(MOTIVATION, DRIVE_SPREAD));
    r->group[i] = clip(normal(GROUP, DRIVE_SPREAD));
    r->offset[i] = normal(0, OFFSET_SPREAD);
    r->knowledge[i] = r->first_knowledge[i] = clip(normal(KNOWLEDGE, PERSON_SPREAD));
    r->first_accountability[i] = clip(normal(ACCOUNTABILITY, PERSON_SPREAD));
    r->accountability[i] = clip(r->first_accountability[i] + PROMISED);
    r->trust[i] = r->first_trust[i] = clip(normal(TRUST, PERSON_SPREAD));
    r->integrated[i] = INTEGRATED;
}

static void open_region(Region *r) {
    r->lead = clip(normal(LEAD, REGION_SPREAD));
    r->demand = clip(normal(DEMAND, REGION_SPREAD));
    r->routines = ROUTINES, r->understanding = UNDERSTANDING;
    for (int i = 0; i < STAFF; i++) {
        enter(r, i);
        for (int k = 0; k < WAYS; k++) {
            int side = k % 2 ? k / 2 + 1 : STAFF - (k / 2 + 1);
            int step = uniform() < REWIRED ? 1 + below(STAFF - 1) : side;
            r->colleagues[i][k] = (i + step) % STAFF;
        }
    }
}

static int meet(Region *r, double richness, double dose) {
    int attending = 0;
    double brought = (SKILL + r->understanding) / 2, shaped = (sqrt(SKILL * TACT) + PLAIN) / 2;
    double promise = BALANCE * brought + (1 - BALANCE) * shaped;
    for (int i = 0; i < STAFF; i++) {
        double pull = r->motivation[i] + r->trust[i] + r->lead - r->workload[i] - ATTEND_PIVOT;
        r->luck[i] = 1 / (1 + exp(-(ATTEND_BASE + ATTEND_SLOPE * pull)));
    }
    for (int i = 0; i < STAFF; i++) {
        if (uniform() >= r->luck[i]) continue;
        double quality = clip(promise + normal(0, QUALITY_SPREAD));
        double pace = TRUST_STEP * richness * dose * (quality < r->trust[i] ? DISTRUST : 1);
        r->trust[i] += (pace < 1 ? pace : 1) * (quality - r->trust[i]);
        double learned = LEARNING * richness * dose * (.5 + .5 * r->trust[i]);
        r->knowledge[i] += learned * (1 - r->knowledge[i]);
        attending++;
    }
    r->understanding += UNDERSTANDING_STEP * dose * (1 - r->understanding);
    return attending;
}

static void ask(Region *r) {
    for (int i = 0; i < STAFF; i++) {
        r->heard[i] = 0;
        if (uniform() >= ASKING) continue;
        int other = r->colleagues[i][below(WAYS)];
        double ahead = r->knowledge[other] - r->first_knowledge[other];
        ahead -= r->knowledge[i] - r->first_knowledge[i];
        if (ahead > 0) r->heard[i] = TRANSFER * ahead * (1 - r->knowledge[i]);
    }
}

static void change(Region *r) {
    double leading = (r->lead + r->routines) / 2, loose = LOSING * (1 - r->routines);
    for (int i = 0; i < STAFF; i++) {
        double gained = r->knowledge[i] - r->first_knowledge[i], used = r->integrated[i];
        double ready = (r->motivation[i] + r->trust[i] + r->accountability[i]) / 3;
        double growth = UPTAKE * r->knowledge[i] * ready * (1 - r->workload[i]) * leading;
        double lasting = gained > 0 ? gained : 0;
        r->knowledge[i] += r->heard[i] - FORGETTING * (1 - PROTECTION * used) * lasting;
        r->integrated[i] += growth * (1 - used) - loose * (1 - r->accountability[i]) * used;
        r->trust[i] += TRUST_FADE * (r->first_trust[i] - r->trust[i]);
        r->accountability[i] +=
            ACCOUNTABILITY_FADE * (r->first_accountability[i] - r->accountability[i]);
    }
    for (int i = 0; i < STAFF; i++)
        if (uniform() < TURNOVER) enter(r, i);
}

static void sum_up(Region *r, double *mean) {
    double trust = 0, knowledge = 0, integration = 0, accountability = 0, readiness = 0;
    for (int i = 0; i < STAFF; i++) {
        trust += r->trust[i], knowledge += r->knowledge[i], integration += r->integrated[i];
        accountability += r->accountability[i];
        readiness += cbrt(r->motivation[i] * r->group[i] * r->knowledge[i]);
    }
    mean[TRUST_MEAN] = trust / STAFF, mean[KNOWLEDGE_MEAN] = knowledge / STAFF;
    mean[INTEGRATION_MEAN] = integration / STAFF, mean[ACCOUNTABILITY_MEAN] = accountability / STAFF;
    mean[READINESS_MEAN] = readiness / STAFF;
    r->routines += ROUTINE_PACE * (mean[INTEGRATION_MEAN] - r->routines);
}

/* means: (runs, WEEKS, REGIONS, COUNT) */
void reduced(long runs, uint64_t seed, double *means) {
    static Region regions[REGIONS];
    begin(seed);
    for (long run = 0; run < runs; run++) {
        for (int k = 0; k < REGIONS; k++) open_region(&regions[k]);
        for (int week = 1; week <= WEEKS; week++)
            for (int k = 0; k < REGIONS; k++, means += COUNT) {
                Region *r = &regions[k];
                int on = week <= LAST_CONTACT, attending = 0;
                for (int i = 0; i < STAFF; i++)
                    r->workload[i] = clip(r->demand + r->offset[i] + USE_LOAD * r->integrated[i]);
                if (on && (week - 1) % VISIT_EVERY == 0) attending += meet(r, 1, VISIT_DOSE);
                if (on && week >= FIRST_CALL && (week - FIRST_CALL) % CALL_EVERY == 0)
                    attending += meet(r, CALL_RICHNESS, CALL_DOSE);
                ask(r);
                change(r);
                sum_up(r, means);
                means[ATTENDING_SUM] = attending;
            }
    }
}
