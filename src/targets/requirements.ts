import type { Requirements } from '../runtime/model.ts'
import { resolveTarget } from './resolve.ts'
import type { Arch } from './target.ts'

const nodeArchs: Readonly<Record<Exclude<Arch, 'wasm32' | 'cortex-m' | 'own'>, string>> = {
  'x86-64': 'x64',
  s390x: 's390x',
  arm64: 'arm64',
  arm: 'arm',
  riscv64: 'riscv64',
}

/**
 * What the runtime checks before it loads a library; nothing for WebAssembly, which runs everywhere, and for what isn't loaded.
 *
 * @param artifact `cpu`: the target that its code was really made for, where that is not `target`
 */
export function requirementsOf(artifact: {
  readonly target: string
  readonly cpu?: string
  readonly accelerator?: 'NNPA'
}): Requirements | undefined {
  const { target, accelerator } = artifact
  const { arch, platform, levels = [target] } = resolveTarget(target)
  if (arch === 'wasm32' || arch === 'cortex-m' || arch === 'own') return undefined
  const cpu = artifact.cpu ?? levels[0]!
  return { arch: nodeArchs[arch], cpu, ...(platform && { platform }), ...(accelerator && { accelerator }) }
}
