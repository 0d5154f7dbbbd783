import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { findCc } from '../../src/toolchains/find.ts'
import type { Toolchain } from '../../src/toolchains/toolchain.ts'
import { abiFolder, compileModel } from './libraries.ts'
import { makeFolder } from '../scratch.ts'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('program.c', import.meta.url))
const models = fileURLToPath(new URL('models/', import.meta.url))
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']
const folder = makeFolder()
let cc: Toolchain
let sanitizing: readonly string[]

beforeAll(async () => {
  cc = await findCc()
  sanitizing = canSanitize() ? sanitizers : []
})

/** Some systems pack the sanitizers' libraries apart from the compiler. */
function canSanitize(): boolean {
  try {
    const args = [...cc.command.slice(1), ...sanitizers, '-x', 'c', '-', '-o', join(folder, 'probe')]
    execFileSync(cc.command[0], args, { input: 'int main(void) { return 0; }', stdio: 'pipe' })
    return true
  } catch {
    console.log('no sanitizer libraries here: the C programs run without them')
    return false
  }
}

describe('the C ABI of a built-in model, from C', () => {
  it.each([
    ['rows', []],
    ['words', ['-DWORDS']],
  ])('a program that knows only run_main_graph & co. runs %s', (model, defines) => {
    const output = join(folder, model)
    const flags = ['-std=c11', '-g', '-Wall', '-Wextra', '-Werror', '-pedantic', '-fvisibility=hidden', ...sanitizing]
    const sources = [program, join(models, `${model}.c`)]
    execFileSync(cc.command[0], [
      ...cc.command.slice(1),
      ...flags,
      ...defines,
      `-I${abiFolder}`,
      ...sources,
      '-o',
      output,
    ])
    // A sanitizer's finding ends the program with another status, which throws.
    expect(execFileSync(output, { encoding: 'utf8' })).toContain('\n0 failures\n')
  })

  it('exports what onnx-mlir exports, and the descriptor, and nothing else', async () => {
    const library = await compileModel(folder, 'affine')
    const symbols = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' })
    const names = symbols.split('\n').flatMap((line) => line.split(' ')[2] ?? [])
    const expected = [
      '_entry_point_0 _entry_point_0_in_sig _entry_point_0_out_sig om_builtin_model run_main_graph',
      'omInputSignature omOutputSignature omQueryEntryPoints omTensorCreate omTensorCreateEmpty',
      'omTensorCreateUntyped omTensorCreateWithOwnership omTensorDestroy omTensorGetAllocatedPtr',
      'omTensorGetBufferSize omTensorGetDataPtr omTensorGetDataType omTensorGetNumElems omTensorGetOwning',
      'omTensorGetRank omTensorGetShape omTensorGetStrides omTensorListCreate omTensorListDestroy',
      'omTensorListDestroyShallow omTensorListGetOmtArray omTensorListGetOmtByIndex omTensorListGetSize',
      'omTensorPrint omTensorSetDataPtr omTensorSetDataType omTensorSetOwning omTensorSetShape omTensorSetStrides',
    ]
    expect(names.toSorted()).toEqual(expected.join(' ').split(' ').toSorted())
  })
})
