import { afterAll, vi } from 'vitest'
import { removeFolders } from './scratch.ts'

// Vitest's setup file, which it evaluates for each test file. Other modules stay where files share a process: a hook at their
// top would be one of the first file only.

afterAll(() => {
  removeFolders()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})
