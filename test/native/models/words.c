/* shouted[i] = words[i] in capitals (dynamic), pair = its first and last word (static [2]).
 * The word "fail" ends the run with an error, after some strings have been made. */
#include "om_builtin.h"

#include <stdlib.h>
#include <string.h>

static const int64_t dims_words[] = {-1};
static const int64_t dims_pair[] = {2};
static const om_io inputs[] = {{"words", 8, 1, dims_words, OM_TENSOR}};
static const om_io outputs[] = {{"shouted", 8, 1, dims_words, OM_TENSOR}, {"pair", 8, 1, dims_pair, OM_TENSOR}};

static char *copy(const char *text) {
  char *result = (char *)malloc(strlen(text) + 1);
  return result ? strcpy(result, text) : NULL;
}

static int run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  (void)arena;
  const int64_t count = in[0].dims[0];
  const char *const *words = (const char *const *)in[0].data;
  char **pair = (char **)out[1].data;
  char **shouted = (char **)calloc((size_t)count + 1, sizeof *shouted);
  if (!shouted) return OM_ERR_MEMORY;
  out[0].data = shouted;
  out[0].dims[0] = count;
  for (int64_t i = 0; i < count; ++i) {
    if (strcmp(words[i], "fail") == 0) {
      if (message) message->sentence = "a word is \"fail\"";
      return OM_ERR_VALUE;
    }
    if (!(shouted[i] = copy(words[i]))) return OM_ERR_MEMORY;
    for (char *c = shouted[i]; *c; ++c)
      if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
  }
  if (count == 0) return OM_OK; /* leaves the pair NULL: empty strings */
  pair[0] = copy(words[0]);
  pair[1] = copy(words[count - 1]);
  return pair[0] && pair[1] ? OM_OK : OM_ERR_MEMORY;
}

const om_builtin_descriptor om_builtin_model = {
    OM_BUILTIN_MAGIC, OM_BUILTIN_ABI, "host", "hand-written", 0, 1, 2, inputs, outputs, run};

#define OM_IN_SIG "[    { \"type\" : \"string\" , \"dims\" : [-1] , \"name\" : \"words\" }\n\n]"
#define OM_OUT_SIG                                                                                          \
  "[    { \"type\" : \"string\" , \"dims\" : [-1] , \"name\" : \"shouted\" }\n ,    { \"type\" : \"string\" " \
  ", \"dims\" : [2] , \"name\" : \"pair\" }\n\n]"
#include "om_entry.h"
