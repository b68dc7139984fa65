/* Adam on a bowl of two dimensions, as fast as plain C makes it: what the engine is measured against.
 *
 * Blocks of lanes run all their steps before the next block, so that everything stays in registers and the first
 * cache; the inner loops run over the lanes of a block, which is what the compiler vectorises. Division and square
 * root are exact. Denormal numbers are flushed to zero, as XLA does on a CPU.
 *
 * With -DNO_DIVISION a product stands where the quotient was: a wrong answer, which says what the division costs.
 */
#include <math.h>
#include <string.h>
#if defined(__SSE__)
#include <immintrin.h>
#endif

#if defined(NO_DIVISION)
#define OVER *
#else
#define OVER /
#endif

enum { LANES = 64, DIMENSIONS = 2 };

static void flush_denormals(void)
{
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
}

/* One step of one coordinate in every lane of a block. The corrections are 1 / (1 - b^t) of this step. */
static inline void step(float *restrict w, float *restrict s, float *restrict r, const float *restrict rates,
                        float curvature, float s_correction, float r_correction)
{
    for (int lane = 0; lane < LANES; lane++) {
        float gradient = curvature * w[lane];
        s[lane] = 0.9f * s[lane] + 0.1f * gradient;
        r[lane] = 0.999f * r[lane] + 0.001f * gradient * gradient;
        w[lane] -= rates[lane] * (s[lane] * s_correction) OVER (sqrtf(r[lane] * r_correction) + 1e-8f);
    }
}

/* Moves the points, one array of lanes for each dimension, to where the steps take them. */
void adam(long lanes, long steps, const float *rates, const float *curvatures, const float *s_corrections,
          const float *r_corrections, float *points)
{
    flush_denormals();
    for (long first = 0; first < lanes; first += LANES) {
        long here = lanes - first < LANES ? lanes - first : LANES;
        float rate[LANES] = {0}, w[DIMENSIONS][LANES] = {{0}}, s[DIMENSIONS][LANES] = {{0}},
              r[DIMENSIONS][LANES] = {{0}};
        memcpy(rate, rates + first, here * sizeof(float));
        for (int d = 0; d < DIMENSIONS; d++)
            memcpy(w[d], points + d * lanes + first, here * sizeof(float));
        for (long t = 0; t < steps; t++)
            for (int d = 0; d < DIMENSIONS; d++)
                step(w[d], s[d], r[d], rate, curvatures[d], s_corrections[t], r_corrections[t]);
        for (int d = 0; d < DIMENSIONS; d++)
            memcpy(points + d * lanes + first, w[d], here * sizeof(float));
    }
}
