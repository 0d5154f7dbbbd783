import { isUnbindable } from '../runtime/bound.ts'
import { crossingOf, type ElementType, isTensor, type Signature, type SignatureEntry } from '../runtime/signature.ts'

/** What there is of a model on the web besides its module. */
export interface Extras {
  /** Whether its weights are in a file of their own. */
  readonly hasWeights: boolean
  /** Whether there are modules for engines that can more. */
  readonly hasVariants: boolean
  /** Whether one of these is for threads, and the model runs on the page's own. */
  readonly hasThreads?: boolean
  /** Whether its module is in the program instead of beside it: inside, or imported. */
  readonly isGiven: boolean
  readonly isImported?: boolean
  /** Whether it runs in a worker, which has all of the runtime that runs models. */
  readonly inWorker: boolean
}

/**
 * The parts of the web's runtime that a model needs: names that the runtime exports, and the expression that composes them
 * (its `WebParts`, or `WorkerParts`). What is not named here, bundlers leave out.
 */
export function partsOf(
  { inputs, outputs }: Signature,
  { hasWeights, hasVariants, hasThreads = false, isGiven, isImported = false, inWorker }: Extras,
): { readonly names: readonly string[]; readonly expression: string } {
  const entries = [...inputs, ...outputs]
  const elements = [...new Set(entries.flatMap(elementTypesOf))]
  const hasCollections = !entries.every(isTensor)
  const parts = {
    dynamicShapes: inputs.some((entry) => !isTensor(entry) || entry.shape.some((dim) => typeof dim !== 'number')),
    nearest: inputs.length > 1,
    collections: hasCollections,
    callMemory: !inWorker && entries.some(isUnbindable),
    texts: !inWorker && elements.includes('string'),
    lists: !inWorker && hasCollections,
    weightsBeside: hasWeights,
    fetched: !isGiven,
    given: isGiven,
    imported: isImported && !inWorker,
    bestVariant: hasVariants,
    pageThreads: hasThreads,
    bindFixed: !inWorker && !entries.some(isUnbindable),
    expectBindable: !inWorker && entries.some(isUnbindable),
  }
  const names = Object.entries(parts).flatMap(([name, isNeeded]) => (isNeeded ? [name] : []))
  return {
    names: [...elements, ...names],
    expression: `{ ${[`elements: { ${elements.join(', ')} }`, ...names.map(fieldOf)].join(', ')} }`,
  }
}

const fields: Readonly<Record<string, string>> = {
  dynamicShapes: 'dynamic',
  callMemory: 'calls',
  weightsBeside: 'weights',
  fetched: 'load',
  given: 'load',
  imported: 'module',
  bestVariant: 'variant',
  pageThreads: 'threads',
  bindFixed: 'bind',
  expectBindable: 'bind',
}

function fieldOf(name: string): string {
  return name in fields ? `${fields[name]}: ${name}` : name
}

function elementTypesOf(entry: SignatureEntry): readonly ElementType[] {
  const crossing = crossingOf(entry)
  if (crossing.kind === 'map') return [crossing.map.keys, crossing.map.values]
  return [crossing.kind === 'list' ? crossing.element.type : crossing.type]
}
