import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { countOperations, dialectOf, listCustomOperators } from '../../src/onnx-mlir/operations.ts'
import { haveRecordings, recording } from './recordings.ts'

function counted(text: string): Record<string, number> {
  return Object.fromEntries(countOperations(text))
}

test('generic and pretty forms, and the dialects that are left out inside modules and functions', () => {
  const text = `
#map = affine_map<(d0) -> (d0 + 64)>
!t = !llvm.struct<(ptr, i64)>
module attributes {llvm.data_layout = "e-m:e", "onnx-mlir.symbol-postfix" = "model"} {
  func.func private @helper(i64) -> i64 attributes {llvm.emit_c_interface}
  func.func @main_graph(%arg0: memref<?x32xf32> {onnx.name = "x"}) -> i64 {
    %c0 = arith.constant 0 : index
    %0 = "krnl.global"() <{name = "constant_0", value = dense_resource<__elided__> : tensor<32xf32>}> : () -> memref<32xf32>
    affine.for %arg1 = 0 to #map(%c0) step 4 {
      %1:2 = scf.if %b -> (f32, f32) {
        scf.yield %x, %x : f32, f32
      } else {
        scf.yield %y, %y : f32, f32
      }
      affine.store %1#0, %0[%arg1] : memref<32xf32>
    }
    %sum, %overflow = arith.addui_extended %a, %b : i32, i1
    %r:2, %s = "onnx.Split"(%arg0) {onnx_node_name = "s"} : (memref<?x32xf32>) -> (f32, f32, f32)
    %2 = call @helper(%c0) : (i64) -> i64
    return %2 : i64
  }
  "onnx.EntryPoint"() <{func = @main_graph}> : () -> ()
}
`
  expect(counted(text)).toEqual({
    'builtin.module': 1,
    'func.func': 2,
    'arith.constant': 1,
    'krnl.global': 1,
    'affine.for': 1,
    'scf.if': 1,
    'scf.yield': 2,
    'affine.store': 1,
    'arith.addui_extended': 1,
    'onnx.Split': 1,
    'func.call': 1,
    'func.return': 1,
    'onnx.EntryPoint': 1,
  })
})

test('LLVM: names of several parts, blocks, a switch over lines, a region without a name', () => {
  const text = `module attributes {llvm.target_triple = "x86_64"} {
  llvm.mlir.global internal constant @constant_0(dense<[1.0, 2.0]> : tensor<2xf32>) {addr_space = 0 : i32} : !llvm.array<2 x f32>
  llvm.mlir.global external @_entry() : !llvm.ptr {
    %0 = llvm.mlir.addressof @x : !llvm.ptr
    llvm.return %0 : !llvm.ptr
  }
  llvm.func @main_graph(%arg0: !llvm.ptr {llvm.noalias}) -> !llvm.ptr attributes {llvm.emit_c_interface} {
    %0 = llvm.mlir.undef : !llvm.struct<(ptr, i64)>
    %1 = llvm.mlir.constant(1 : index) : i64
    llvm.br ^bb1(%1 : i64)
  ^bb1(%2: i64):  // 2 preds: ^bb0, ^bb1
    llvm.switch %2 : i64, ^bb2 [
      42: ^bb1(%1 : i64),
      llvm.not_an_operation: ^bb2
    ]
  ^bb2:  // pred: ^bb1
    llvm.unreachable
  }
}`
  expect(counted(text)).toEqual({
    'builtin.module': 1,
    'llvm.mlir.global': 2,
    'llvm.mlir.addressof': 1,
    'llvm.return': 1,
    'llvm.func': 1,
    'llvm.mlir.undef': 1,
    'llvm.mlir.constant': 1,
    'llvm.br': 1,
    'llvm.switch': 1,
    'llvm.unreachable': 1,
  })
})

test('names in strings, attributes, locations, comments and resources are none', () => {
  const text = `// %0 = "onnx.Add"(%a, %b)
module {
  %0 = "onnx.Custom"(%a) <{function_name = "a\\22 \\"onnx.Add\\"(%x) = arith.addf"}> {onnx.name = "onnx.Mul"} : (f32) -> f32 loc("onnx.Sub"("onnx.Div"))
  %1 = arith.addf %a, %b {note = "line\\0A  arith.mulf %c"} : f32 loc(fused["arith.subf", #loc])
  // arith.divf %a, %b : f32
} loc(#loc)
#loc = loc("arith.remf":3:4)
{-#
  dialect_resources: {
    builtin: {
      onnx.Weights
      arith.addf: "0x08000000",
      "onnx.Add"("0x")
    }
  }
#-}
module {
}
`
  expect(counted(text)).toEqual({ 'builtin.module': 2, 'onnx.Custom': 1, 'arith.addf': 1 })
})

test('operations in regions of the generic form', () => {
  const text = `"builtin.module"() ({
  %0 = "onnx.If"(%c) ({
    %1 = "onnx.Relu" (%x) : (f32) -> f32\r
    "onnx.Yield"(%1) : (f32) -> ()
  }, {
  ^bb0(%arg0: f32):
    "onnx.Yield"(%x) : (f32) -> ()
  }) : (i1) -> f32
}) : () -> ()`
  expect(counted(text)).toEqual({ 'builtin.module': 1, 'onnx.If': 1, 'onnx.Relu': 1, 'onnx.Yield': 2 })
})

test.each([
  [
    'a constant',
    `    %0 = onnx.Constant dense<[${'1.0, '.repeat(4e6)}2.0]> : tensor<4000001xf32>\n`,
    { 'onnx.Constant': 1 },
  ],
  ['a string', `    %0 = onnx.Constant {a = "${'\\"= arith.addf '.repeat(1e6)}"}\n`, { 'onnx.Constant': 1 }],
  ['results', `    ${'%a:2, '.repeat(1e6)}%b = a.b\n`, { 'a.b': 1 }],
  ['results without an operation', `    ${'%a:2, '.repeat(1e6)}`, {}],
  ['a name', `    ${'a.'.repeat(1e6)}b = 3\n`, {}],
  ['spaces', `${' '.repeat(5e6)}`, {}],
  ['lines', '    a.b\n'.repeat(1e6), { 'a.b': 1e6 }],
])('%s of millions of characters takes no time to speak of', (_, text, expected) => {
  const started = performance.now()
  expect(counted(text)).toEqual(expected)
  // What grows with the square of the length takes hours.
  expect(performance.now() - started).toBeLessThan(10_000)
})

test('nothing, and what is no MLIR', () => {
  expect(counted('')).toEqual({})
  expect(counted('\n\n')).toEqual({})
  expect(counted('\u007fELF\u0000\u0001 = ')).toEqual({})
  expect(counted('Error: something. See there.')).toEqual({})
})

test('a dialect is the first part of a name', () => {
  expect(dialectOf('llvm.mlir.constant')).toBe('llvm')
  expect(dialectOf('affine.for')).toBe('affine')
})

test('operators that the compiler has no operation for, each once', () => {
  const text = [
    '    %0 = "onnx.Custom"(%arg0) <{function_name = "TreeEnsemble"}> {domain_name = "ai.onnx.ml"} : (tensor<6x1xf32>) -> tensor<6x4xf32>',
    '    %1:2 = "onnx.Custom"(%0, %arg1) <{function_name = "Thing"}> {text = "function_name = \\22No\\22"} : (tensor<6x4xf32>) -> tensor<*xf32>',
    '    %2 = "onnx.Custom"(%1#0) <{function_name = "Thing"}> : (tensor<*xf32>) -> tensor<*xf32>',
    '    %3 = "onnx.Relu"(%2) {note = "\\22onnx.Custom\\22(%1) <{function_name = \\22No\\22}>"} : (tensor<*xf32>) -> tensor<*xf32>',
  ].join('\n')
  expect(listCustomOperators(text)).toEqual(['TreeEnsemble', 'Thing'])
  expect(listCustomOperators('')).toEqual([])
})

describe.runIf(haveRecordings)('texts of a real onnx-mlir', () => {
  const textOf = (name: string): string => readFileSync(join(recording(name).folder, 'model.tmp'), 'utf8')

  test('the compiler counts the same', () => {
    const printed = /^\{$[^]*?^\}$/m.exec(recording('mlp.op-stats').stdout)?.[0] ?? ''
    // It counts inside functions: neither the module nor what stands beside them.
    const { 'builtin.module': modules, 'onnx.EntryPoint': entries, ...ours } = counted(textOf('mlp.EmitONNXIR'))
    expect(ours).toEqual(JSON.parse(printed))
    expect([modules, entries]).toEqual([1, 1])
  })

  test.each(
    ['mlp', 'mnist-8'].flatMap((model) =>
      ['EmitONNXBasic', 'EmitONNXIR', 'EmitMLIR', 'nnpa-z16', 'nnpa-z17'].map((stage) => `${model}.${stage}`),
    ),
  )('%s: every line but aliases and ends of regions is an operation', (name) => {
    const text = textOf(name)
    const lines = text.split('\n').filter((line) => line !== '' && !/^#|^\s*\}/.test(line))
    const total = [...countOperations(text).values()].reduce((sum, count) => sum + count, 0)
    expect(total).toBe(lines.length)
  })

  test('what was counted by hand', () => {
    expect(counted(textOf('mnist-8.EmitONNXBasic'))).toMatchObject({
      'onnx.Constant': 8,
      'onnx.Conv': 2,
      'onnx.Add': 3,
      'onnx.NoValue': 2,
      'onnx.MaxPoolSingleOut': 2,
      'onnx.Return': 1,
    })
    expect(counted(textOf('mlp.EmitMLIR'))).toMatchObject({
      'affine.for': 40,
      'affine.if': 3,
      'vector.fma': 17,
      'krnl.global': 4,
      'krnl.entry_point': 1,
    })
  })
})
