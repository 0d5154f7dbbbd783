// Why something can't be done: a stable code for programs and a sentence for people.
#pragma once

#include <string>

struct Failure {
  const char *code = nullptr; // nullptr: nothing failed
  std::string message;

  // Returns false, so that a function that fails can say `return failure->set(...)`.
  bool set(const char *newCode, std::string newMessage) {
    code = newCode;
    message = std::move(newMessage);
    return false;
  }
};
