import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { workerInSources } from './scripts/worker.js'
import { LongestFirst } from './test/order.ts'

/**
 * Folders of tests that leave a process as they found it: it goes on with the next of their files and all modules that are loaded,
 * which else take 0.6 s of a processor each time. A worker of them stays under 1 GB. What a process keeps is tested in other folders.
 */
const filesTogether =
  'test/{builtin,cli,compilers,emit,formats,graph,onnx,onnx-mlir,ops,pipeline,report,request,targets}/**/*.test.ts'

const fixtures = ['test/fixtures/**', '**/node_modules/**']

const project = (
  name: string,
  test: { include: string[]; exclude: string[]; isolate: boolean },
): TestProjectInlineConfiguration => ({
  plugins: [workerInSources],
  test: {
    name,
    ...test,
    setupFiles: 'test/each-file.ts',
    // A test may start a C compiler or a bundler; on two shared cores that takes a while.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // Some tests race with a clock (aborts, watchers, containers) on a machine that others use, too. What is broken fails again.
    retry: process.env['CI'] ? 2 : 0,
  },
})

export default defineConfig({
  test: {
    globalSetup: ['test/prebuilt-addon.ts', 'test/wine-prefix.ts'],
    // One more than CI has processors: tests wait for browsers, emulators and npm for about a quarter of their time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      project('apart', { include: ['test/**/*.test.ts'], exclude: [...fixtures, filesTogether], isolate: true }),
      project('together', { include: [filesTogether], exclude: fixtures, isolate: false }),
    ],
  },
})
