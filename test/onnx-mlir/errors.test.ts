import { describe, expect, test } from 'vitest'
import { CompileError, EnvironmentError } from '../../src/errors/index.ts'
import { explainFailure, type FailureContext } from '../../src/onnx-mlir/errors.ts'
import { recogniseFailure } from '../../src/onnx-mlir/failures.ts'
import { readableErrors } from '../../src/onnx-mlir/readable-errors.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { SpawnResult } from '../../src/process/spawn.ts'

const float = tensorType('float32', [4])
const model = decodeModel(
  modelBytes({
    opsets: { '': 17, 'com.example': 1 },
    inputs: { x: float, c: tensorType('bool', []) },
    outputs: { y: float },
    nodes: [
      { name: 'Conv_3', op: 'Conv', inputs: ['x'], outputs: ['a'] },
      { op: 'Det', inputs: ['a'], outputs: ['b'] },
      { name: 'custom', op: 'Thing', domain: 'com.example', inputs: ['b'], outputs: ['d'] },
      {
        name: 'branch',
        op: 'If',
        inputs: ['c'],
        outputs: ['y'],
        attributes: {
          then_branch: {
            outputs: { t: float },
            nodes: [{ name: 'inner', op: 'StringNormalizer', inputs: ['d'], outputs: ['t'] }],
          },
          else_branch: {
            outputs: { e: float },
            nodes: [{ name: 'other', op: 'Identity', inputs: ['d'], outputs: ['e'] }],
          },
        },
      },
    ],
  }),
  { path: 'm.onnx' },
)

const context: FailureContext = {
  model,
  compiler: '/opt/bin/onnx-mlir',
  exitCodes: 'compiler-failure-14',
  limits: { timeoutMs: 900_000, memoryBytes: 8 << 30 },
}

function explain(stderr: string, result: Partial<SpawnResult> = {}, changes: Partial<FailureContext> = {}) {
  const run: SpawnResult = {
    exitCode: 14,
    exitSignal: null,
    stopped: undefined,
    stdout: '',
    stderr,
    seconds: 1,
    peakBytes: undefined,
    ...result,
  }
  return explainFailure(run, { ...context, ...changes })
}

describe('an error names', () => {
  test.each([
    ['a node without a name by its place', "failed to legalize operation 'onnx.Det'", 'Det "#1"', '#1', 'Det'],
    [
      'an operator with its domain',
      'shape helper for op onnx.Thingis not currently available',
      'com.example.Thing "custom"',
      'custom',
      'com.example.Thing',
    ],
    [
      'a node in a branch',
      "failed to legalize operation 'onnx.StringNormalizer'",
      'StringNormalizer "inner"',
      'inner',
      'StringNormalizer',
    ],
    [
      'a node by its location',
      'loc("Conv_3"("m.onnx":0:0)): error: bad kernel shape',
      'Conv "Conv_3"',
      'Conv_3',
      'Conv',
    ],
  ])('%s', (_, stderr, text, node, op) => {
    const error = explain(stderr.replace('shape helper', 'Implementation of shape helper'))
    expect(error.message).toContain(`m.onnx: onnx-mlir (/opt/bin/onnx-mlir) failed at ${text}: `)
    expect(error.data).toMatchObject({ model: 'm.onnx', node, op })
    expect(error.message).toContain(`  | ${stderr.replace('shape helper', 'Implementation of shape helper')}`)
  })

  test('an operator that no node has, as far as it goes', () => {
    const error = explain("failed to legalize operation 'onnx.Unseen'")
    expect(error.message).toContain('failed: it has no code for the operator Unseen.')
    expect(error.data).toMatchObject({ op: 'Unseen' })
  })

  test('an operator that the compiler calls Custom, as the model does', () => {
    const stderr = 'Implementation of shape helper for op onnx.Customis not currently available'
    expect(explain(stderr, {}, { customOperators: ['Thing'] }).message).toContain(
      'failed at com.example.Thing "custom": it has no code for the operator Thing.',
    )
    expect(explain(stderr, {}, { customOperators: ['Thing', 'Det'] }).message).toContain(
      'failed at Det "#1", com.example.Thing "custom": it has no code for one of the operators Thing, Det.',
    )
    expect(explain(stderr).message).toContain('it has no code for the operator Custom.')
  })

  test('what may have led to a failure without words', () => {
    expect(explain('', { exitCode: 139 }, { customOperators: ['Thing'] })).toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      message: expect.stringMatching(
        /failed at com\.example\.Thing "custom": it crashed \(SIGSEGV\), .* doesn’t know Thing\./,
      ),
    })
    const quoted = { ...model, graph: { ...model.graph, inputs: [{ name: 'a"b', type: undefined }] } }
    expect(explain('', { exitCode: 139 }, { model: quoted }).message).toContain('since the name "a\\"b" holds a quote,')
    expect(explain('', { exitCode: 139 }).message).toContain('it crashed (SIGSEGV). ')
  })

  test('whether the built-in compiler has it: of a step inside an operator, whether it has all operators', () => {
    const inner = "failed to legalize operation 'arith.truncf'"
    const named = "failed to legalize operation 'onnx.Det'"
    const isNot =
      (...ops: string[]) =>
      ({ op }: { op: string }) =>
        !ops.includes(op)
    expect(explain(inner, {}, { builtinCan: () => true }).message).toContain('The built-in compiler can make it:')
    expect(explain(inner, {}, { builtinCan: isNot('StringNormalizer') }).message).toContain('can’t make it either')
    expect(explain(named, {}, { builtinCan: isNot('Thing') }).message).toContain('The built-in compiler can make it:')
    expect(explain(named, {}, { builtinCan: isNot('Det') }).message).toContain('can’t make it either')
  })

  test('control flow as the likely cause of a compile without end', () => {
    expect(explain('', { stopped: 'timeout', exitCode: null }).message).toMatch(
      /stopped after 900 s\. Raise the time limit .* Nested control flow \(If "branch"\) is a known cause\./,
    )
    const memory = explain('', { stopped: 'memory', exitCode: null, peakBytes: 9 * 2 ** 30 })
    expect(memory).toMatchObject({ code: 'COMPILE_MEMORY' })
    expect(memory.message).toContain('(seen: 9216 MiB)')
  })
})

describe('texts of the driver and its tools', () => {
  // Written after the sources and issue threads of onnx-mlir, LLVM, GNU ld and the shells.
  test.each([
    ['UNSUPPORTED_OPERATOR', "error: unregistered operation 'onnx.Foo' found in dialect"],
    ['UNSUPPORTED_OPERATOR', "failed to legalize operation 'arith.truncf'"],
    ['UNSUPPORTED_OPERATOR', "failed to legalize operation 'onnx.NoValue'"],
    ['UNSUPPORTED_OPERATOR', "'arith.addi' op operand #0 must be signless-integer-like, but got 'ui16'"],
    ['UNSUPPORTED_OPERATOR', "'arith.cmpi' op operand #0 must be signless-integer-like, but got 'vector<4xui8>'"],
    ['COMPILE_FAILED', "'onnx.Squeeze' op shape inference failed"],
    ['COMPILE_FAILED', "'onnx.Pad' op Axes input is not currently supported"],
    ['COMPILE_CRASHED', 'LLVM ERROR: out of memory\nAllocation failed'],
    ['ENVIRONMENT_JAVA', "llvm-ar: error: unable to load '/usr/lib/libjniruntime.a': No such file or directory"],
    ['COMPILE_FLAG', "onnx-mlir: Unknown command line argument '--tag=x'.  Try: 'onnx-mlir --help'"],
    ['ENVIRONMENT_NO_NNPA', "onnx-mlir: for the --maccel option: Cannot find option named 'NNPA'!"],
    ['COMPILE_FLAG', "onnx-mlir: for the --opt-report option: Cannot find option named 'NNPAUnsupportedOps'!"],
    ['COMPILE_MARCH', "llc: error: invalid target 'x86-64-v3'."],
    [
      'ENVIRONMENT_RUNTIME_LIBRARY',
      '/usr/bin/ld: cannot find -lcruntime: No such file or directory\ncollect2: error: ld returned 1 exit status',
    ],
    [
      'ENVIRONMENT_RUNTIME_LIBRARY',
      'ld: library not found for -lcruntime\nclang: error: linker command failed with exit code 1',
    ],
    ['COMPILE_CROSS', '/usr/bin/ld: cannot find -lzdnn\nclang++: error: linker command failed with exit code 1'],
    [
      'COMPILE_CROSS',
      '/usr/bin/ld: model.o: Relocations in generic ELF (EM: 22)\nerror adding symbols: file in wrong format',
    ],
    [
      'ENVIRONMENT_ONNX_MLIR',
      'llc: error while loading shared libraries: libLLVM.so.22: cannot open shared object file: No such file or directory',
    ],
    ['ENVIRONMENT_LINKER', "Failed in Command to execute '/usr/bin/llvm-ar-22': errno=2"],
    ['ENVIRONMENT_LINKER', 'sh: 1: clang++: not found'],
    ['ENVIRONMENT_LINKER', 'bash: g++: command not found'],
    ['ENVIRONMENT_LINKER', "error: unable to find 'llc' in PATH"],
    ['COMPILE_LINK', 'collect2: error: ld returned 1 exit status'],
    ['ENVIRONMENT_DISK', 'm.o: error: No space left on device'],
    [
      'ENVIRONMENT_DISK',
      '/usr/bin/ld: final link failed: No space left on device\ncollect2: error: ld returned 1 exit status',
    ],
    ['COMPILE_INPUT', 'Refusing a hard link: model.onnx'],
    ['COMPILE_OUTPUT', 'cannot open output file: Permission denied'],
    ['COMPILE_FORMAT', 'Onnx Model Parsing Failed on model.onnx'],
    ['COMPILE_OPSET', 'error: opset 99 is not supported'],
    ['COMPILE_FAILED', "'affine.for' op operand cannot be used as a symbol"],
    ['COMPILE_FAILED', "'memref.alloc' op dimension operand count does not equal memref dynamic dimension count"],
    ['COMPILE_CRASHED', 'onnx-mlir: Foo.cpp:12: int f(): Assertion `rank > 0 && "no rank"\' failed.'],
  ])('%s: %s', (code, stderr) => {
    expect(recogniseFailure(stderr)?.code).toBe(code)
    const error = explain(stderr)
    expect(error).toBeInstanceOf(code.startsWith('ENVIRONMENT') ? EnvironmentError : CompileError)
    // Every explanation ends with something to do.
    expect(error.message.split('\n')[0]).toMatch(/: [^:]+.*\. \S.{10,}\.$/)
  })

  test('a text that nobody knows is shown', () => {
    const error = explain('something new\n')
    expect(error).toMatchObject({ code: 'COMPILE_FAILED', data: { exitName: 'CompilerFailure' } })
    expect(error.message).toContain('exit code 14 (CompilerFailure)')
    expect(error.message).toContain('  | something new')
  })

  test('repetitions and lines that explain nothing are left out, and long ones cut', () => {
    const noise = "'arch14' is not a recognized processor for this target (ignoring processor)\n"
    expect(readableErrors(`${noise}rank 3\nrank 3\n${noise}${'x'.repeat(1000)}`)).toEqual([
      'rank 3',
      `${'x'.repeat(300)}…${'x'.repeat(100)}`,
    ])
    expect(readableErrors('a\u001b[2Jb\tc\r\nd')).toEqual(['a\ufffd[2Jb c', 'd'])
    expect(readableErrors(Array.from({ length: 99 }, (_, i) => `line ${i}`).join('\n'))).toHaveLength(12)
  })
})

describe('an end without words', () => {
  test.each([
    [{ exitCode: null, exitSignal: 'SIGSEGV' }, 'COMPILE_CRASHED', 'crashed (SIGSEGV)'],
    [{ exitCode: 139 }, 'COMPILE_CRASHED', 'crashed (SIGSEGV)'],
    [{ exitCode: 134 }, 'COMPILE_CRASHED', 'crashed (SIGABRT)'],
    [{ exitCode: 137 }, 'COMPILE_MEMORY', 'ended it from outside'],
    [{ exitCode: null, exitSignal: 'SIGILL' }, 'ENVIRONMENT_WRONG_MACHINE', 'instructions that this CPU doesn’t have'],
    [{ exitCode: 12 }, 'COMPILE_FAILED', 'exit code 12 (CompilerFailureInObjToLib)'],
    [{ exitCode: 200 }, 'COMPILE_FAILED', 'exit code 200.'],
  ] as const)('%o', (result, code, text) => {
    expect(explain('', result)).toMatchObject({ code, message: expect.stringContaining(text) })
  })

  test('codes from 13 on moved when config files came', () => {
    const names = (exitCodes: FailureContext['exitCodes']) =>
      [13, 14, 19].map((exitCode) => explain('', { exitCode }, { exitCodes }).data['exitName'])
    expect(names('compiler-failure-13')).toEqual(['CompilerFailure', 'InvalidInputFileLink', undefined])
    expect(names('compiler-failure-14')).toEqual(['InvalidCompilerOptions', 'CompilerFailure', 'InvalidInputFileLink'])
  })
})
