// Sequences, optionals and maps as arrays of JavaScript, both ways.
#pragma once

#include "elements.h"

namespace values {

// A list that is passed as an array: a Float64Array with whether it is given, how many tensors it has, and of each its rank
// and dimensions; then their data.
class GivenList {
public:
  // Takes the elements of the array, which may run JavaScript.
  bool take(napi_env env, napi_value array) {
    uint32_t length = 0;
    if (napi_get_array_length(env, array, &length) != napi_ok || length < 1) return fail(env);
    elements_.resize(length);
    for (uint32_t i = 0; i < length; ++i)
      if (napi_get_element(env, array, i, &elements_[i]) != napi_ok) return fail(env);
    return true;
  }

  // Makes the list in memory that `call` owns. `copied` as in readInputs().
  bool make(napi_env env, const Port &port, const om_io *expected, bool copied, Call *call, void **made) {
    napi_typedarray_type type;
    void *data = nullptr;
    size_t length = 0;
    const size_t count = elements_.size() - 1;
    if (napi_get_typedarray_info(env, elements_[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_float64_array || length < 2 || static_cast<const double *>(data)[1] != static_cast<double>(count))
      return fail(env);
    const std::vector<double> header(static_cast<double *>(data), static_cast<double *>(data) + length);
    om_list *list = static_cast<om_list *>(call->own(sizeof(om_list)));
    om_item **items = static_cast<om_item **>(call->own((count + 1) * sizeof(om_item *)));
    if (!list || !items) return raise(env, "RUN_MEMORY", "no memory for a list of inputs");
    *list = {items, static_cast<int64_t>(count), static_cast<int64_t>(count), header[0] != 0};
    size_t next = 2;
    for (size_t i = 0; i < count; ++i) {
      const Scope scope(env);
      const bool isRank = next < length && header[next] >= 0 && header[next] <= plan::highestRank;
      const size_t rank = isRank ? static_cast<size_t>(header[next]) : length;
      if (rank >= length - next) return fail(env);
      const double *dims = header.data() + next + 1;
      next += 1 + rank;
      if (!(items[i] = item(env, port, expected, i, dims, rank, copied, call))) return false;
    }
    *made = list;
    return next == length || fail(env);
  }

private:
  std::vector<napi_value> elements_;

  static bool fail(napi_env env) { return raise(env, "RUN_INPUT", "an input is no list as the runtime makes it"); }

  // What is given in place of an item, with an exception pending.
  static om_item *none(bool) { return nullptr; }

  om_item *item(napi_env env, const Port &port, const om_io *expected, size_t index, const double *given, size_t rank,
                bool copied, Call *call) {
    const bool isKey = index == 0 && port.kind >= OM_MAP_OF_STRING;
    const int32_t keys = port.kind == OM_MAP_OF_STRING ? ONNX_TYPE_STRING : ONNX_TYPE_INT64;
    const int32_t type = isKey ? keys : port.type;
    int64_t *dims = static_cast<int64_t *>(call->own((rank + 1) * sizeof(int64_t)));
    om_item *made = static_cast<om_item *>(call->own(sizeof(om_item)));
    if (!dims || !made) return none(raise(env, "RUN_MEMORY", "no memory for a list of inputs"));
    if (!port.isOfAnyRank && rank != port.dims.size()) return none(fail(env));
    Port wanted;
    wanted.dims.resize(rank, -1);
    const om_io *known = port.isOfAnyRank ? nullptr : expected;
    if (!dimensions(env, wanted, known, given, dims)) return nullptr;
    *made = {nullptr, dims, static_cast<int64_t>(rank), 1, 1};
    const int64_t bytes = om_shape_bytes(dims, made->rank, om_element_bytes(type));
    if (bytes < 0) return none(raise(env, "RUN_INPUT", "its dimensions are too large"));
    const napi_value elements = elements_[index + 1];
    if (type == ONNX_TYPE_STRING)
      return strings(env, elements, om_shape_bytes(dims, made->rank, 1), call, &made->data) ? made : nullptr;
    if (!typedArray(env, elements, bytes, call, &made->data)) return nullptr;
    if (copied && !call->copy(bytes, &made->data))
      return none(raise(env, "RUN_MEMORY", "no memory for a copy of the inputs"));
    return made;
  }
};

// A list as an array, as GivenList reads it but with an ArrayBuffer for the numbers in front. Null with an exception pending.
inline napi_value copyList(napi_env env, const Port &port, const om_list &list) {
  std::vector<double> header{static_cast<double>(list.given), static_cast<double>(list.count)};
  for (int64_t i = 0; i < list.count; ++i) {
    const om_item &item = *list.items[i];
    header.push_back(static_cast<double>(item.rank));
    for (int64_t axis = 0; axis < item.rank; ++axis) header.push_back(static_cast<double>(item.dims[axis]));
  }
  napi_value array = nullptr;
  const napi_value head = copyOut(env, header.data(), static_cast<int64_t>(header.size() * sizeof(double)));
  if (!head || napi_create_array_with_length(env, static_cast<size_t>(list.count) + 1, &array) != napi_ok ||
      napi_set_element(env, array, 0, head) != napi_ok)
    return nullptr;
  for (int64_t i = 0; i < list.count; ++i) {
    const Scope scope(env);
    const om_item &item = *list.items[i];
    const int64_t bytes = om_shape_bytes(item.dims, item.rank, port.elementBytes);
    napi_value elements = nullptr;
    if (bytes >= 0)
      elements = port.isString() ? copyStrings(env, static_cast<const char *const *>(item.data),
                                               om_shape_bytes(item.dims, item.rank, 1))
                                 : copyOut(env, item.data, bytes);
    if (!elements || napi_set_element(env, array, static_cast<uint32_t>(i + 1), elements) != napi_ok) return nullptr;
  }
  return array;
}

} // namespace values
