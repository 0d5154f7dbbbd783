/* Two models in one C program, linked in: which digit is in a picture, and whether a payment is fraud. All memory is the program's own;
 * nothing is allocated. */
#include <stdalign.h>
#include <stdio.h>

#include "digit.h"
#include "fraud.h"

/* Models that run one after the other may have the same arena. */
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
static alignas(DIGIT_ALIGNMENT) unsigned char arena[LARGER(DIGIT_ARENA_BYTES, FRAUD_ARENA_BYTES)];

int main(void) {
  static float picture[DIGIT_IN_IMAGE_ELEMENTS];
  static alignas(DIGIT_ALIGNMENT) float digits[DIGIT_OUT_PROBABILITIES_ELEMENTS];
  static alignas(FRAUD_ALIGNMENT) float score[FRAUD_OUT_SCORE_ELEMENTS];

  /* A one: a stroke from top to bottom. */
  for (int y = 4; y < 24; y++) picture[28 * y + 13] = picture[28 * y + 14] = 1.0f;
  int failed = digit_run(arena, picture, digits);
  int best = 0;
  for (int i = 1; i < 10; i++)
    if (digits[i] > digits[best]) best = i;

  const float features[FRAUD_IN_FEATURES_ELEMENTS] = {1.5f, -0.5f, 0.25f, 2.0f, 0.0f, 1.0f, -1.0f, 0.5f};
  const int64_t category[] = {3}, hour[] = {23};
  failed |= fraud_run(arena, features, category, hour, score);

  printf("digit %d %.9g\nfraud %.9g\n", best, (double)digits[best], (double)score[0]);
  return failed;
}
