import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { languageFlags } from '../../src/toolchains/flags.ts'
import { machineFlags } from '../../src/toolchains/wasm-find.ts'

const native = resolve(import.meta.dirname, '../../native')
const folders = ['kernels', 'abi', 'freestanding'].map((name) => `-I${join(native, name)}`)

const program = `
#include "gemm.h"
#include "gemm-dots.h"
#include "gemm-integer.h"
void tiles(const om_tile *t, int rows, _Bool narrow);
void tiles(const om_tile *t, int rows, _Bool narrow) { om_tile_any_f32(t, rows, narrow); }
void dots(const om_dots *d, ptrdiff_t rows, ptrdiff_t columns);
void dots(const om_dots *d, ptrdiff_t rows, ptrdiff_t columns) { om_dots_f32(d, rows, columns); }
void integers(const om_int_tile *t, _Bool wide);
void integers(const om_int_tile *t, _Bool wide) { om_int_panel_halves(t, wide); }
`

function hasClang(): boolean {
  try {
    execFileSync('clang', ['--target=wasm32', '-fsyntax-only', '-x', 'c', '-'], { input: '', stdio: 'pipe' })
    return true
  } catch {
    console.log('skipped: clang keeps accumulators in registers, since there is no clang for wasm32')
    return false
  }
}

/** Variables that a function has in memory, by function: what clang's optimiser could not make values. */
function inMemory(ir: string): Map<string, readonly string[]> {
  return new Map(
    [...ir.matchAll(/^define [^@]*@(\w+)\(.*?^\}/gms)].map(([text, name]) => [name!, text.match(/= alloca .*/g) ?? []]),
  )
}

test.skipIf(!hasClang())('clang keeps the accumulators of tiles in registers', () => {
  const flags = [...machineFlags, ...languageFlags, '-ffreestanding', ...folders, '-S', '-emit-llvm', '-x', 'c', '-']
  const variables = inMemory(execFileSync('clang', ['-Os', ...flags, '-o', '-'], { input: program, encoding: 'utf8' }))
  const tiles = [...variables].filter(([name]) => /^om_(tile_f32_|dots_f32_|int_panel)/.test(name))
  expect(tiles.length).toBeGreaterThanOrEqual(11)
  // Four dot products are stored one by one where they are the last of a row.
  for (const [name, found] of tiles) expect(found, name).toHaveLength(name.startsWith('om_dots') ? 1 : 0)
})
