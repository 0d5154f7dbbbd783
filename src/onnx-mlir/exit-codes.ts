import type { ExitCodeTable } from './capabilities.ts'

/** Names of the driver's exit codes. Source: onnx-mlir include/onnx-mlir/Compiler/OMCompilerTypes.h at v0.5.0 and in May 2026. */
const common = {
  1: 'InvalidCompilerOption',
  2: 'InvalidInputFile',
  3: 'InvalidInputFileAccess',
  4: 'InvalidOutputFileAccess',
  5: 'InvalidTemporaryFileAccess',
  6: 'InvalidOnnxFormat',
  7: 'CompilerFailureInMLIRToLLVM',
  8: 'CompilerFailureInLLVMOpt',
  9: 'CompilerFailureInLLVMToObj',
  10: 'CompilerFailureInGenJniObj',
  11: 'CompilerFailureInGenJni',
  12: 'CompilerFailureInObjToLib',
} as const

const tables: Record<ExitCodeTable, Readonly<Record<number, string>>> = {
  'compiler-failure-13': { ...common, 13: 'CompilerFailure', 14: 'InvalidInputFileLink' },
  'compiler-failure-14': {
    ...common,
    13: 'InvalidCompilerOptions',
    14: 'CompilerFailure',
    15: 'CompilerCrashed',
    16: 'CommandNotFound',
    17: 'CommandNotExecutable',
    18: 'CommandExecutionFailed',
    19: 'InvalidInputFileLink',
  },
}

/** What an exit code means in this generation of the driver; `undefined` for one that it doesn't use. */
export function exitCodeName(table: ExitCodeTable, code: number): string | undefined {
  return tables[table][code]
}

/** A shell, a container or `env` between us and the driver turns the signal that ended it into 128 + its number. */
const signalNames: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
}

/** The signal that ended the driver, however it was reported. */
export function endingSignal(exitCode: number | null, signal: string | null): string | undefined {
  return signal ?? (exitCode !== null && exitCode > 128 ? signalNames[exitCode - 128] : undefined)
}
