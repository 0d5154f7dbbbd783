import { bestOf } from './features.ts'
import type { LoadParts } from './load.ts'

/** The module for engines like this one, where there is one beside that for all. */
export const bestVariant: NonNullable<LoadParts['variant']> = ({ name: model, sha256, bytes }, { variants = [] }) => {
  const best = bestOf(variants)
  return variants[best] === undefined
    ? undefined
    : {
        model,
        what: 'module',
        source: variants[best].module,
        sha256: sha256?.variants?.[best],
        bytes: bytes?.variants?.[best],
      }
}
