/**
 * Who bundles the output of a bundler once more, or moves it, and leaves behind the files beside it or puts them where everybody
 * may fetch them: by the names of the plugins that they add. What each of them does is told in docs/how-files-travel.md.
 */
const rebundlers: readonly (readonly [name: string, plugin: RegExp])[] = [
  ['SvelteKit', /^vite-plugin-sveltekit-/],
  ['Nuxt', /^nuxt:/],
  // In development Nitro 2 names none after itself; one rewrites `import.meta`.
  ['Nitro', /^(nitro(pack)?(:|-|$)|import-meta$)/],
  ['Astro', /^@?astro(js)?[:/]/],
  ['Hono for Vercel', /^@hono\/vite-build\/vercel$/],
  ['tsup', /^native-node-modules$/],
]

/** The name of the one that works with these plugins, if any does. */
export function rebundlerAmong(plugins: unknown): string | undefined {
  const names = [plugins]
    .flat(Infinity)
    .map((plugin) => (typeof plugin === 'object' && plugin !== null && 'name' in plugin ? String(plugin.name) : ''))
  return rebundlers.find(([, pattern]) => names.some((name) => pattern.test(name)))?.[0]
}
