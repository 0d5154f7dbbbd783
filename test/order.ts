import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, by seconds of a processor: the last of a run should be short, so that all workers end together. */
const longest = [
  'kernels/kernels',
  'hosts/table',
  'soundness/soundness',
  'runtime/native-threads',
  'conformance/emulated',
  'loaders/register',
  'hosts/bad-input',
  'hosts/browser/vite',
  'hosts/five-models',
  'windows/native',
  'builtin/levels',
  'formats/tfjs/goldens',
  'package/prebuilds',
  'package/contents',
]

/**
 * Where no earlier run tells how long files take, as in CI, Vitest begins with the largest: these come before. Files that share
 * processes come last: such a process ends where the next file is another's.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = longest.indexOf(relative(import.meta.dirname, moduleId).replace('.test.ts', ''))
      if (at >= 0) return at
      return project.config.isolate ? longest.length : longest.length + 1
    }
    return sorted.toSorted((one, other) => place(one) - place(other))
  }
}
