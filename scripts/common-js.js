// Node's runtime as CommonJS, for models that are required where `require()` takes no ES modules, as in Jest; and what programs
// import of it themselves.
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Writes both where the package has it, of what tsc wrote.
 *
 * @param {string} folder the runtime's
 */
export async function writeCommonJs(folder) {
  await build({
    entryPoints: ['node', 'index'].map((name) => join(folder, `${name}.js`)),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    bundle: true,
    format: 'cjs',
    target: 'es2023',
    logLevel: 'warning',
  })
}
