import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { fileURLToPath } from 'node:url'
import { createNodeModel } from '../../../src/runtime/node.ts'
import { type Extras, partsOf } from '../../../src/emit/parts.ts'
import type { Model, ModelFacts, Signature } from '../../../src/runtime/index.ts'
import { anySource } from '../../../src/runtime/wasm/any-source.ts'
import * as web from '../../../src/runtime/web.ts'
import { resolveTarget } from '../../../src/targets/index.ts'
import { compileWasm } from '../../../src/toolchains/wasm.ts'
import { makeFolder } from '../../scratch.ts'

// Modules of models that are written by hand in C: those of test/native/models, and what a test itself writes.

const native = fileURLToPath(new URL('../../../native/', import.meta.url))
const models = fileURLToPath(new URL('../../native/models/', import.meta.url))
const staging = makeFolder()

/** A module, and its weights where they are in a file of their own: paths. */
export interface BuiltModule {
  readonly library: string
  readonly weights?: string
}

/** The module of a model of test/native/models. */
export function compileNative(name: string): Promise<BuiltModule> {
  return compileC(`#define OM_ENTRY_H
#include "${name}.c"
#define OM_ARENA_BYTES ((uint32_t)om_builtin_model.arena_bytes)
static int om_run(void *arena, const om_buffer *inputs, om_buffer *outputs, om_message *message) {
  return om_builtin_model.run(arena, inputs, outputs, message);
}
#include "om_wasm.h"
`)
}

/**
 * The module of a function's body: `in` and `out` are its inputs and outputs, `arena` has 64 bytes, `message` is there.
 *
 * @param weights become `om_weights`, of which there must be more than 1 MiB if they are to be a file
 */
export function compileBody(body: string, { before = '', weights }: { before?: string; weights?: Uint8Array } = {}) {
  const bytes = weights?.length ?? 0
  return compileC(
    `#include "om_builtin.h"
#include "om_list.h"
#define OM_ARENA_BYTES 64
${before}
static int om_run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  (void)arena, (void)in, (void)out, (void)message;
  ${body}
  return OM_OK;
}
#include "om_wasm.h"
`,
    weights && { bytes, chunks: [weights] },
  )
}

async function compileC(source: string, weights?: { bytes: number; chunks: Uint8Array[] }): Promise<BuiltModule> {
  const folders = ['abi', 'kernels', 'freestanding', 'wasm'].map((room) => native + room)
  return compileWasm({
    source,
    ...(weights && { weights }),
    includeDirs: [models, ...folders],
    target: resolveTarget('wasm'),
    optimize: 3,
    stagingRoot: staging,
  })
}

export function factsFor(name: string, signature: Signature, more: Partial<ModelFacts> = {}): ModelFacts {
  const compiler = { name: 'builtin', version: 'test' }
  return { name: `${name}.onnx`, signature, target: 'wasm', compiler, ...more }
}

/** The parts of the web's runtime that the generated module of a model names, and no others. */
export function composed(signature: Signature, extras: Partial<Extras> = {}): web.WebParts {
  const { names, expression } = partsOf(signature, {
    hasWeights: false,
    hasVariants: false,
    isGiven: true,
    inWorker: false,
    ...extras,
  })
  const compose = runInThisContext(`({ ${names.join(', ')} }) => (${expression})`) as (all: typeof web) => web.WebParts
  return { ...compose(web), load: anySource }
}

/** The same module where it runs in Node from its files, and where it runs on the web from its bytes. */
export const ways: readonly (readonly [
  where: string,
  open: (facts: ModelFacts, built: BuiltModule) => Promise<Model>,
])[] = [
  [
    'in Node',
    async (facts, { library, weights }) => createNodeModel(facts, { library, ...(weights && { constants: weights }) }),
  ],
  [
    'on the web',
    async (facts, { library, weights }) => {
      const files = {
        module: () => readFileSync(library),
        ...(weights && { weights: () => readFileSync(weights) }),
      }
      const parts = composed(facts.signature, { hasWeights: weights !== undefined })
      const model = web.composeWebModel(facts, files, parts)
      await model.load()
      return model
    },
  ],
]
