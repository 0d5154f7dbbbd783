// Which digit is in a picture of 28 × 28 pixels: a model that CMake compiled and linked in, called in both ways that its header offers.
#include "digit.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int64_t pixels = 28 * 28;
using Image = std::array<float, pixels>;
using Scores = std::array<float, 10>;

// A PGM file of text: P2, width, height, the number of white, and the pixels.
Image read(const std::string &path) {
  std::ifstream file(path);
  std::string kind;
  int width = 0, height = 0, white = 0;
  if (!(file >> kind >> width >> height >> white) || kind != "P2" || width != 28 || height != 28 || white < 1)
    throw std::runtime_error(path + " is no PGM picture of 28 × 28 pixels (P2)");
  Image image;
  for (float &pixel : image) {
    if (!(file >> pixel)) throw std::runtime_error(path + " ends early");
    pixel /= static_cast<float>(white);
  }
  return image;
}

// The model as a function: all memory is the caller's.
Scores withMemoryOfOurs(const Image &image) {
  alignas(DIGIT_ALIGNMENT) Scores scores;
  // new aligns what is declared so, as of C++17.
  struct alignas(DIGIT_ALIGNMENT) Arena {
    unsigned char bytes[DIGIT_ARENA_BYTES];
  };
  const auto arena = std::make_unique<Arena>();
  if (digit_run(arena->bytes, image.data(), scores.data()) != 0) throw std::runtime_error("the model failed");
  return scores;
}

struct Destroy {
  void operator()(OMTensorList *list) const { omTensorListDestroy(list); }
};
using Tensors = std::unique_ptr<OMTensorList, Destroy>;

// The same through onnx-mlir's ABI, which knows models of any sizes.
Scores withTensors(Image image) {
  const int64_t shape[] = {1, 1, 28, 28};
  OMTensor *input = omTensorCreate(image.data(), shape, 4, ONNX_TYPE_FLOAT);
  const Tensors inputs(omTensorListCreate(&input, 1));
  const Tensors outputs(run_main_graph_digit(inputs.get()));
  if (!outputs) throw std::runtime_error("the model failed");
  const auto *data = static_cast<const float *>(omTensorGetDataPtr(omTensorListGetOmtByIndex(outputs.get(), 0)));
  Scores scores;
  std::copy_n(data, scores.size(), scores.begin());
  return scores;
}

} // namespace

int main(int count, char **arguments) {
  try {
    if (count != 2) throw std::runtime_error("usage: classify PICTURE.pgm");
    const Image image = read(arguments[1]);
    const Scores scores = withMemoryOfOurs(image);
    if (scores != withTensors(image)) throw std::runtime_error("the two ways of calling the model differ");
    const auto best = std::max_element(scores.begin(), scores.end());
    std::cout << "digit " << best - scores.begin() << ", probability " << *best << '\n';
  } catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
