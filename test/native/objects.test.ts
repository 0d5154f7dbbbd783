import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { getApiLibraries, getIncludeDirs, loadExtension, preloadDependency } from '../../src/pipeline/native.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { which } from '../../src/toolchains/programs.ts'
import { cli, cliJson, fileWith, temporaryFolder } from '../cli/cli.ts'
import { addModel, classifier, denseModel } from '../cli/models.ts'
import { testAddon } from './libraries.ts'

const has = (name: string): boolean => which(name, process.env) !== undefined
const isElf = process.platform === 'linux' && has('cc') && has('nm')
const includes = getIncludeDirs().map((folder) => `-I${folder}`)

const cc = (folder: string, ...args: readonly string[]): string =>
  execFileSync('cc', [...includes, `-I${folder}`, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

/** Names that files show to a linker. */
function defined(...files: readonly string[]): string[] {
  const symbols = execFileSync('nm', ['-g', '--defined-only', ...files], { encoding: 'utf8' })
  return symbols.split('\n').flatMap((line) => line.split(' ')[2] ?? [])
}

/** Texts are tables that levels share. */
function namesModel(): Uint8Array {
  return modelBytes({
    opsets: { '': 17 },
    inputs: { i: tensorType('int64', [2]) },
    outputs: { names: tensorType('string', [2]) },
    initializers: { table: tensorFrom('string', [3], ['no', 'yes', 'perhaps']) },
    nodes: [{ op: 'Gather', inputs: ['table', 'i'], outputs: ['names'] }],
  })
}

describe.runIf(isElf)('models for a linker', () => {
  test('two in one program, with constants, and the functions on tensors once', async () => {
    const out = await temporaryFolder()
    for (const [name, model] of [
      ['dense', denseModel()],
      ['add-3', addModel()],
      ['names', namesModel()],
    ] as const) {
      const { code, json } = await cliJson(
        'compile',
        await fileWith(`${name}.onnx`, model),
        '--emit',
        'archive',
        '-o',
        out,
      )
      expect(code).toBe(0)
      expect(json.path).toBe(join(out, `lib${name.replace('-', '_')}.a`))
    }
    await writeFile(
      join(out, 'main.c'),
      `
#include <stdio.h>
#include <string.h>
#include "add_3.h"
#include "dense.h"
#include "names.h"
int main(void) {
  float x[8] = {1, 2, 3, 4, -1, -2, -3, -4}, y[DENSE_OUT_Y_ELEMENTS];
  static _Alignas(64) char arena[DENSE_ARENA_BYTES];
  if (dense_run(arena, x, y)) return 1;
  for (int i = 0; i < 16; i++) printf("%g ", y[i]);
  const int64_t shape[] = {2, 3};
  OMTensor *tensors[] = {omTensorCreate(x, shape, 2, ONNX_TYPE_FLOAT)};
  OMTensorList *in = omTensorListCreate(tensors, 1), *out = run_main_graph_add_3(in);
  const float *sum = omTensorGetDataPtr(omTensorListGetOmtByIndex(out, 0));
  for (int i = 0; i < 6; i++) printf("%g ", sum[i]);
  omTensorListDestroy(out);
  omTensorListDestroy(in);
  const int64_t which[] = {2, 0}, two = 2;
  OMTensor *indices[] = {omTensorCreate((void *)which, &two, 1, ONNX_TYPE_INT64)};
  in = omTensorListCreate(indices, 1), out = run_main_graph_names(in);
  const char *const *names = omTensorGetDataPtr(omTensorListGetOmtByIndex(out, 0));
  printf("%s %s %s", names[0], names[1], omQueryEntryPoints_names(NULL)[0]);
  if (!omInputSignature_names("run_main_graph_names") || omInputSignature_names("run_main_graph")) return 2;
  return strcmp(om_builtin_model_dense.target, om_builtin_model_names.target);
}`,
    )
    cc(
      out,
      '-Wall',
      '-Wextra',
      '-Werror',
      '-Wno-cast-qual',
      'main.c',
      'libdense.a',
      'libadd_3.a',
      'libnames.a',
      '-lm',
      '-o',
      'main',
    )
    const dense = Array.from({ length: 16 }, (_, at) => {
      const [sign, j] = [at < 8 ? 1 : -1, at % 8]
      const sum = [0, 1, 2, 3].reduce((total, k) => total + sign * (k + 1) * ((8 * k + j) % 5), 0)
      return Math.max(0, sum)
    })
    expect(execFileSync(join(out, 'main'), { encoding: 'utf8' })).toBe(
      `${dense.join(' ')} 2 4 6 5 1 1 perhaps no run_main_graph_names`,
    )
  })

  test('for several levels of a processor, and every name is the model’s', { timeout: 240_000 }, async () => {
    const out = await temporaryFolder()
    const target = process.arch === 'x64' ? ['--target', 'x86-64'] : []
    for (const name of ['one', 'two']) {
      const args = [
        'compile',
        await fileWith(`${name}.onnx`, classifier()),
        '--emit',
        'obj',
        '-o',
        out,
        '--dims',
        'rows=2',
      ]
      expect((await cli(...args, ...target)).code).toBe(0)
      expect(
        (await cli('compile', await fileWith(`n${name}.onnx`, namesModel()), '--emit', 'obj', '-o', out, ...target))
          .code,
      ).toBe(0)
    }
    const shown = defined(join(out, 'one.o'), join(out, 'none.o'))
    expect(shown).toContain('run_main_graph_one')
    expect(shown.filter((name) => !/^(?:one_run|\w+_n?one)$/.test(name))).toEqual([])
    await writeFile(
      join(out, 'main.c'),
      `
#include <stdio.h>
#include "one.h"
#include "two.h"
int main(void) {
  static float x[128], y[512], z[512];
  static int64_t first[2], second[2];
  static _Alignas(64) char arena[ONE_ARENA_BYTES + TWO_ARENA_BYTES];
  for (int i = 0; i < 128; i++) x[i] = (float)(i % 11) - 5;
  if (one_run(arena, x, y, first) || two_run(arena, x, z, second)) return 1;
  for (int i = 0; i < 512; i++) if (y[i] != z[i]) return 2;
  if (!(y[5] != 0) || first[1] != second[1] || y[256 + first[1]] < y[300]) return 3;
  return 0;
}`,
    )
    const runtime = (await getApiLibraries()).find((file) => file.endsWith('.a'))!
    cc(out, 'main.c', 'one.o', 'two.o', 'none.o', 'ntwo.o', runtime, '-lm', '-o', 'main')
    execFileSync(join(out, 'main'))
    const wanted = { env: { ...process.env, ONNX_MLIR_CPU_LEVEL: 'x86-64' } }
    execFileSync(join(out, 'main'), wanted)
  })

  test('int8 weights, which are widened when the model first runs', async () => {
    const out = await temporaryFolder()
    const model = await fileWith('small.onnx', classifier())
    const args = ['compile', model, '--emit', 'archive', '-o', out, '--dims', 'rows=1', '--weights', 'int8']
    const { code, json } = await cliJson(...args)
    expect(code).toBe(0)
    expect(json.bytes).toBeLessThan(100_000)
    await writeFile(
      join(out, 'main.c'),
      `
#include "small.h"
int main(void) {
  static float x[64] = {1}, y[256];
  static int64_t label[1];
  static _Alignas(64) char arena[SMALL_ARENA_BYTES];
  return small_run(arena, x, y, label) || y[1] < 0.8 || y[1] > 0.9;   /* sin 1 = 0.84 */
}`,
    )
    cc(out, 'main.c', 'libsmall.a', '-lm', '-o', 'main')
    execFileSync(join(out, 'main'))
  })

  test.each([
    ['wasm', ['--emit', 'obj', '--target', 'wasm'], 2, /there is no object file for wasm/],
    ['a name that is none', ['--emit', 'archive', '--name', 'a b'], 2, /--name must be a name in C, like a_b/],
    [
      'a target without a compiler',
      ['--emit', 'obj', '--target', 'riscv64'],
      1,
      /apt-get install g\+\+-riscv64-linux-gnu/,
    ],
  ])('%s', async (what, args, expected, message) => {
    if (what.startsWith('a target') && (has('riscv64-linux-gnu-gcc') || has('clang'))) return
    const out = await temporaryFolder()
    const { code, err } = await cli('compile', await fileWith('dense.onnx', denseModel()), '-o', out, ...args)
    expect(err).toMatch(message)
    expect(code).toBe(expected)
  })

  test('models of one name in C do not overwrite each other', async () => {
    const out = await temporaryFolder()
    const [first, second] = [await fileWith('a-b.onnx', denseModel()), await fileWith('a_b.onnx', addModel())]
    expect((await cli('compile', first, '--emit', 'obj', '-o', out)).code).toBe(0)
    const header = await readFile(join(out, 'a_b.h'), 'utf8')
    const refused = await cli('compile', second, '--emit', 'obj', '-o', out)
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(/is of another model, "\S*a-b\.onnx"; give this model another name with --name/)
    expect(await readFile(join(out, 'a_b.h'), 'utf8')).toBe(header)
    expect((await cli('compile', second, '--emit', 'obj', '-o', out, '--name', 'other')).code).toBe(0)
    expect((await cli('compile', first, '--emit', 'archive', '-o', out)).code).toBe(0)
  })
})

describe.runIf(isElf)('what is loaded at run time', () => {
  test('a model’s library shows onnx-mlir’s ABI and nothing of the compiler’s own', async () => {
    const out = await temporaryFolder()
    const { json } = await cliJson('compile', await fileWith('m.onnx', classifier()), '-c', 'builtin', '-o', out)
    const symbols = execFileSync('nm', ['-D', '--defined-only', json.library], { encoding: 'utf8' })
    const names = symbols.split('\n').flatMap((line) => line.split(' ')[2] ?? [])
    expect(names).toContain('run_main_graph')
    const known =
      /^(?:run_main_graph|om[A-Z]\w+|_entry_point_0(?:_(?:in|out)_sig)?|om_builtin_model|om_prepare|om_forget|om_run_threads|om_cpu_level)$/
    expect(names.filter((name) => !known.test(name))).toEqual([])
  })

  test('the addon shows Node-API’s entry and nothing else', async () => {
    const symbols = execFileSync('nm', ['-D', '--defined-only', await testAddon()], { encoding: 'utf8' })
    const names = symbols.split('\n').flatMap((line) => line.split(' ')[2] ?? [])
    expect(names).toContain('napi_register_module_v1')
    expect(
      names.filter((name) => !/^(?:napi_register_module_v1|node_api_module_get_api_version_v1)$/.test(name)),
    ).toEqual([])
  })

  test('an addon of a user’s finds what was preloaded', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'answer.c'), 'int om_test_answer(void) { return 42; }')
    await writeFile(
      join(folder, 'extension.c'),
      `
#include <node_api.h>
int om_test_answer(void);
NAPI_MODULE_INIT() {
  napi_value answer;
  napi_create_int32(env, om_test_answer(), &answer);
  napi_set_named_property(env, exports, "answer", answer);
  return exports;
}`,
    )
    const headers = join(process.cwd(), 'node_modules/node-api-headers/include')
    cc(folder, '-shared', '-fPIC', 'answer.c', '-o', 'libanswer.so')
    cc(folder, '-shared', '-fPIC', `-I${headers}`, 'extension.c', '-o', 'extension.node')
    const extension = join(folder, 'extension.node')
    await expect(loadExtension(extension)).rejects.toMatchObject({
      code: 'LOAD_OPEN',
      message: expect.stringContaining('om_test_answer'),
    })
    await expect(preloadDependency(join(folder, 'libnone.so'))).rejects.toMatchObject({ code: 'LOAD_OPEN' })
    await preloadDependency(join(folder, 'libanswer.so'))
    expect(await loadExtension(extension)).toEqual({ answer: 42 })
    expect(await loadExtension(pathToFileURL(extension))).toEqual({ answer: 42 })
    for (const none of ['', 5, null, new URL('http://localhost/x.node')])
      await expect(loadExtension(none as string)).rejects.toMatchObject({ code: 'USAGE_OPTION' })
  })

  test('options that are none are refused', async () => {
    await expect(getApiLibraries({ targt: 'host' } as object)).rejects.toMatchObject({ code: 'USAGE_OPTION' })
    await expect(getApiLibraries({ target: 'z99' })).rejects.toMatchObject({ code: 'USAGE_TARGET' })
    await expect(getApiLibraries({ target: 'wasm' })).rejects.toMatchObject({ code: 'USAGE_TARGET' })
  })
})
