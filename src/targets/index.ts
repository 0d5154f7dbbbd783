export { type Machine, thisMachine } from './machine.ts'
export { canRun, resolveTarget, targetNames } from './resolve.ts'
export { targets } from './table.ts'
export type { Arch, Target } from './target.ts'
