// Node-API's C++ classes, of the npm package node-addon-api, as all of this addon is to see them.
//
// Without C++ exceptions: what fails leaves a JavaScript exception pending, and what can fail gives a Napi::Maybe that
// has to be looked into. In a worker that is being terminated nothing can be thrown any more: then too the code goes on to
// return, where the classes would end the process by default.
#pragma once

#define NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS
#define NODE_ADDON_API_ENABLE_MAYBE
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
// Its classes for threads take std::mutex, which some toolchains lack; jobs here are Node-API's own (session.h).
#define NAPI_HAS_THREADS 0

#include <napi.h>
