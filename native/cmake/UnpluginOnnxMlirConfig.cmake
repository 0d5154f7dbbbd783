# find_package(UnpluginOnnxMlir): models in C and C++ programs.
#
#   onnx_mlir_add_model(NAME MODEL FILE [SHARED] [TARGET T] [OPTIONS …])
#
# compiles a model when the program is built, and again when its file changes, to a library that is linked like any other: a static
# one, or with SHARED a shared one. Its header, NAME.h, declares NAME_run(), run_main_graph_NAME() and what else there is. TARGET: as of
# unplugin-onnx-mlir compile, by default host, or what CMAKE_SYSTEM_PROCESSOR is. OPTIONS: further ones of that command, say
# --dims batch=1.
#
# Targets: UnpluginOnnxMlir::headers; UnpluginOnnxMlir::runtime and UnpluginOnnxMlir::runtime-shared, the functions on tensors, compiled
# by the project's own C compiler. Each model links what it takes of these.

cmake_policy(PUSH)
cmake_policy(VERSION 3.16)

get_filename_component(UNPLUGIN_ONNX_MLIR_PACKAGE "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
find_program(UNPLUGIN_ONNX_MLIR_NODE node DOC "Node.js, which runs the compiler of models")
if(NOT UNPLUGIN_ONNX_MLIR_NODE)
  set(UnpluginOnnxMlir_FOUND FALSE)
  set(UnpluginOnnxMlir_NOT_FOUND_MESSAGE "Node.js is needed to compile models: put node on PATH, or set UNPLUGIN_ONNX_MLIR_NODE")
  cmake_policy(POP)
  return()
endif()
enable_language(C)

if(NOT TARGET UnpluginOnnxMlir::headers)
  add_library(onnx_mlir_headers INTERFACE)
  target_include_directories(onnx_mlir_headers SYSTEM INTERFACE
    "${UNPLUGIN_ONNX_MLIR_PACKAGE}/native/include" "${UNPLUGIN_ONNX_MLIR_PACKAGE}/native/abi")
  add_library(UnpluginOnnxMlir::headers ALIAS onnx_mlir_headers)

  add_library(onnx_mlir_runtime STATIC EXCLUDE_FROM_ALL "${UNPLUGIN_ONNX_MLIR_PACKAGE}/native/abi/om_tensor.c")
  add_library(onnx_mlir_runtime_shared SHARED EXCLUDE_FROM_ALL "${UNPLUGIN_ONNX_MLIR_PACKAGE}/native/abi/om_tensor.c")
  foreach(library onnx_mlir_runtime onnx_mlir_runtime_shared)
    set_target_properties(${library} PROPERTIES OUTPUT_NAME onnx-mlir-runtime C_STANDARD 11 C_VISIBILITY_PRESET hidden
      POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${library} PUBLIC onnx_mlir_headers)
  endforeach()
  add_library(UnpluginOnnxMlir::runtime ALIAS onnx_mlir_runtime)
  add_library(UnpluginOnnxMlir::runtime-shared ALIAS onnx_mlir_runtime_shared)
endif()

# What a machine is called here that is compiled for on another.
function(_onnx_mlir_target result)
  if(NOT CMAKE_CROSSCOMPILING)
    set(name host)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(name arm64)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^armv?7")
    set(name armv7)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^armv?6")
    set(name armv6)
  elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "riscv64")
    set(name riscv64)
  elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "s390x")
    set(name z14)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(name x86-64)
  else()
    message(FATAL_ERROR "onnx_mlir_add_model: give TARGET, as \"${CMAKE_SYSTEM_PROCESSOR}\" is not known to it")
  endif()
  set(${result} ${name} PARENT_SCOPE)
endfunction()

function(onnx_mlir_add_model name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SHARED" "MODEL;TARGET" "OPTIONS")
  if(NOT arg_MODEL OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "onnx_mlir_add_model(NAME MODEL FILE [SHARED] [TARGET T] [OPTIONS …]): given ${ARGN}")
  endif()
  if(NOT arg_TARGET)
    _onnx_mlir_target(arg_TARGET)
  endif()
  get_filename_component(model "${arg_MODEL}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}.model")
  set(object "${folder}/${name}.o")
  add_custom_command(
    OUTPUT "${object}" "${folder}/${name}.h"
    COMMAND "${CMAKE_COMMAND}" -E env "CC=${CMAKE_C_COMPILER}" "${UNPLUGIN_ONNX_MLIR_NODE}"
      "${UNPLUGIN_ONNX_MLIR_PACKAGE}/dist/cli/main.js" compile "${model}" --emit obj --compiler builtin --name ${name}
      --target ${arg_TARGET} --out "${folder}" ${arg_OPTIONS}
    DEPENDS "${model}"
    COMMENT "Compiling the model ${name} for ${arg_TARGET}"
    VERBATIM)
  if(arg_SHARED)
    set(kind SHARED)
    set(runtime onnx_mlir_runtime_shared)
  else()
    set(kind STATIC)
    set(runtime onnx_mlir_runtime)
  endif()
  add_library(${name} ${kind} "${object}" "${folder}/${name}.h")
  set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${name} PUBLIC "${folder}")
  target_link_libraries(${name} PUBLIC ${runtime})
  if(UNIX)
    target_link_libraries(${name} PUBLIC m)
  endif()
endfunction()

cmake_policy(POP)
