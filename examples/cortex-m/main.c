/* Which digit is in a picture, on a microcontroller: the model's memory is an array, its weights are in flash. */
#include "board.h"
#include "digit.h"

static _Alignas(DIGIT_ALIGNMENT) unsigned char arena[DIGIT_ARENA_BYTES];

int main(void) {
  static float picture[DIGIT_IN_IMAGE_ELEMENTS], probabilities[DIGIT_OUT_PROBABILITIES_ELEMENTS];
  /* A one: a stroke from top to bottom. */
  for (int y = 4; y < 24; y++) picture[28 * y + 13] = picture[28 * y + 14] = 1.0f;
  if (digit_run(arena, picture, probabilities)) return 1;
  int best = 0;
  for (int i = 1; i < DIGIT_OUT_PROBABILITIES_ELEMENTS; i++)
    if (probabilities[i] > probabilities[best]) best = i;
  char text[] = "digit 0\n";
  text[6] += (char)best;
  board_say(text);
  return 0;
}
