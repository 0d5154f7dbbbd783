// Windows binds a DLL to the file name of the program that it imports from, which need not be node.exe: Node-API is bound
// when its first function is called, and then to whatever program loaded the addon. Source: node-gyp's win_delay_load_hook.
#pragma once

#if defined(_WIN32) && defined(OM_ADDON_ALONE)

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <cstring>
#include <delayimp.h>

namespace {

FARPROC WINAPI bindHostProgram(unsigned event, PDelayLoadInfo info) {
  if (event != dliNotePreLoadLibrary || std::strcmp(info->szDll, "node.exe") != 0) return nullptr;
  // Programs that have Node in a DLL name it so.
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  return reinterpret_cast<FARPROC>(host ? host : GetModuleHandleW(nullptr));
}

} // namespace

extern "C" {
PfnDliHook __pfnDliNotifyHook2 = bindHostProgram;
}

#endif
