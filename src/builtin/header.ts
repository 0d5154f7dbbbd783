import type { Signature, SignatureEntry } from '../cache/artifact.ts'
import { crossingOf } from '../runtime/signature.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import { flatPorts, flatPrototype } from './flat-entry.ts'

/** What the header of a model that is linked in is made from. */
export interface HeaderFacts {
  readonly tag: string
  /** The model's path, as messages have it. */
  readonly model: string
  readonly target: Target
  /** Our name and version. */
  readonly identity: string
  readonly signature: Signature
  readonly arenaBytes: number
  /** Whether it also has the entry points of onnx-mlir's C ABI, which take memory from malloc. */
  readonly hasTensors: boolean
}

/** The first line of what is made of a model, by which it is known again. */
export function markOf(model: string, what: string): string {
  return `/* ${what} of the model ${inComment(JSON.stringify(model))} */\n`
}

/** Text that neither ends a comment nor looks like the beginning of one, of which compilers warn. */
function inComment(text: string): string {
  return text.replaceAll('*/', '*\\/').replaceAll('/*', '/\\*')
}

/** C and C++ that declare a model: its own function, where its sizes are fixed, and onnx-mlir's entry points. */
export function modelHeader(facts: HeaderFacts): string {
  const { tag, model, target, identity, hasTensors } = facts
  const guard = `OM_MODEL_${tag}_H`
  return `${markOf(model, 'Header')}/* Made by ${identity} for ${target.name}. */
#ifndef ${guard}
#define ${guard}

#include <stdbool.h>
#include <stdint.h>
${hasTensors ? '\n#include "om_builtin.h"\n#include "om_tensor.h"\n' : ''}
#ifdef __cplusplus
extern "C" {
#endif

${flatDeclaration(facts)}${hasTensors ? tensorDeclarations(tag) : ''}#ifdef __cplusplus
}
#endif

#endif
`
}

function flatDeclaration({ tag, signature, target, arenaBytes }: HeaderFacts): string {
  const ports = flatPorts(signature)
  if (!ports) return ''
  const upper = tag.toUpperCase()
  const all = [...ports.inputs, ...ports.outputs]
  const tables = all.map(({ parameter, entry }) => ` *   ${parameter}: ${entryText(entry)}\n`)
  const sizes = all.map(
    ({ parameter, elements }) => `#define ${`${tag}_${parameter}`.toUpperCase()}_ELEMENTS ${elements}\n`,
  )
  // An array of C has an element at least.
  return `#ifdef ${upper}_ALIGNMENT
#error "the macros of another model are called ${upper}_ALIGNMENT and so on, too: give this one another name with --name"
#endif

/* Memory that the model works in during a call, and what it is to be aligned to, as outputs are: alignas(${upper}_ALIGNMENT). */
#define ${upper}_ARENA_BYTES ${Math.max(1, arenaBytes)}
#define ${upper}_ALIGNMENT ${alignmentOf(target)}

/* Runs the model. Re-entrant: each call has an arena of its own, whose contents need not be kept. 0, or what went wrong: 1 sizes
 * that don't fit, 2 no memory, 3 a value that the model can't take.
${tables.join('')} */
${flatPrototype(tag, ports)};
${sizes.join('')}
`
}

/** Bytes of the widest vectors that kernels work with, of any level. */
function alignmentOf({ vectorBytes, levels = [] }: Target): number {
  return Math.max(8, vectorBytes, ...levels.map((level) => resolveTarget(level).vectorBytes))
}

/** An input or output in words that may stand in a comment of C. */
export function entryText(entry: SignatureEntry): string {
  const crossing = crossingOf(entry)
  if (crossing.kind !== 'tensor') return entry.name
  return inComment(`${JSON.stringify(entry.name)}, ${crossing.type} [${crossing.shape.join(', ')}]`)
}

function tensorDeclarations(tag: string): string {
  return `/* onnx-mlir's entry points. The inputs stay the caller's; the result and all it holds is the caller's to omTensorListDestroy().
 * NULL with errno EINVAL (inputs that don't fit the model), ENOMEM, EDOM (a value the model can't take) or ENOSYS (inputs or
 * outputs that are no tensors). */
OMTensorList *run_main_graph_${tag}(OMTensorList *inputs);
const char *const *omQueryEntryPoints_${tag}(int64_t *count);
const char *omInputSignature_${tag}(const char *entry);
const char *omOutputSignature_${tag}(const char *entry);

/* The model for hosts that give memory themselves, see om_builtin.h. */
extern const om_builtin_descriptor om_builtin_model_${tag};

`
}
