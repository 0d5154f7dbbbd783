import type { Environment } from 'vite'
import type { Platform } from '../emit/module.ts'

/** The server of Vitest's tests in Node. Its browser mode has a server of its own, with neither. */
const vitest: readonly string[] = ['vitest', 'vitest:project']

/**
 * What runs the code of an environment: Node does where environment variables stay those of the process, which is in server
 * environments and all of Vitest 4's. Vitest 3 takes Vite's environment for browsers for tests under jsdom, which run in Node.
 */
export function platformOf({ config }: Environment): Platform {
  if (config.resolve.conditions.includes('workerd')) return 'edge'
  const isNode = config.keepProcessEnv || config.plugins.some(({ name }) => vitest.includes(name))
  return isNode ? 'node' : 'browser'
}
