import { defineConfig } from 'vitepress'
import { linksInside, namedSamples } from './markdown.ts'

const pages = (...list: readonly (readonly [text: string, link: string])[]) =>
  list.map(([text, link]) => ({ text, link }))

export default defineConfig({
  title: 'unplugin-onnx-mlir',
  description: 'Import an ONNX model; get native code, or WebAssembly in the browser, and a typed run().',
  lastUpdated: true,
  markdown: {
    config(markdown) {
      linksInside(markdown)
      namedSamples(markdown)
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: pages(['Start', '/'], ['Hosts', '/hosts/'], ['Directives', '/directives'], ['Command line', '/cli']),
    sidebar: [
      {
        text: 'Using it',
        items: pages(
          ['Start', '/'],
          ['Types', '/types'],
          ['Directives', '/directives'],
          ['Command line', '/cli'],
          ['TensorFlow Lite', '/tensorflow-lite'],
          ['TensorFlow.js', '/tensorflow-js'],
          ['Performance', '/performance'],
          ['Optimisations', '/optimisations'],
          ['Safety', '/safety'],
        ),
      },
      { text: 'Hosts', items: pages(['All hosts', '/hosts/'], ['How files travel', '/how-files-travel']) },
      {
        text: 'Bundlers',
        collapsed: true,
        items: pages(
          ['Vite', '/hosts/vite'],
          ['Rollup', '/hosts/rollup'],
          ['Rolldown', '/hosts/rolldown'],
          ['webpack', '/hosts/webpack'],
          ['Rspack', '/hosts/rspack'],
          ['Rsbuild', '/hosts/rsbuild'],
          ['esbuild', '/hosts/esbuild'],
          ['Farm', '/hosts/farm'],
          ['Bun', '/hosts/bun'],
        ),
      },
      {
        text: 'Frameworks',
        collapsed: true,
        items: pages(
          ['Next.js', '/hosts/next'],
          ['Nuxt', '/hosts/nuxt'],
          ['Nitro', '/hosts/nitro'],
          ['Hono', '/hosts/hono'],
          ['Astro', '/hosts/astro'],
          ['SvelteKit', '/hosts/sveltekit'],
          ['React Router', '/hosts/react-router'],
          ['NestJS', '/hosts/nestjs'],
          ['electron-vite', '/hosts/electron-vite'],
          ['Storybook', '/hosts/storybook'],
        ),
      },
      {
        text: 'Packages and executables',
        collapsed: true,
        items: pages(
          ['tsup', '/hosts/tsup'],
          ['tsdown', '/hosts/tsdown'],
          ['Rslib', '/hosts/rslib'],
          ['One executable', '/hosts/executables'],
        ),
      },
      {
        text: 'Tests, and no bundler',
        collapsed: true,
        items: pages(
          ['Node, tsx, ts-node', '/hosts/node'],
          ['Vitest', '/hosts/vitest'],
          ['Jest', '/hosts/jest'],
          ['loadModel()', '/hosts/load-model'],
        ),
      },
      {
        text: 'The web',
        items: pages(
          ['Models in browsers', '/runtime-web'],
          ['Browser builds', '/hosts-browser'],
          ['Edge hosts, Deno, Bun', '/edge'],
          ['Weights that download small', '/weights'],
        ),
      },
      {
        text: 'Deploying',
        items: pages(
          ['Any machine', '/deploying'],
          ['C, C++ and microcontrollers', '/native'],
          ['Targets of your own', '/targets-of-your-own'],
          ['Docker', '/deploying/docker'],
          ['AWS Lambda', '/deploying/lambda'],
          ['Vercel', '/deploying/vercel'],
          ['Cloudflare', '/deploying/cloudflare'],
          ['IBM Z and LinuxONE', '/deploying/z16'],
          ['Windows', '/deploying/windows'],
          ['NNPA reports', '/nnpa'],
          ['The package', '/package'],
        ),
      },
      {
        text: 'Models',
        items: pages(
          ['Operators', '/operators'],
          ['Operators of your own', '/operators-of-your-own'],
          ['Writers of models', '/writers'],
          ['PyTorch models', '/pytorch'],
          ['TorchScript, Python, Keras', '/python'],
        ),
      },
      { text: 'Contributing', items: pages(['Architecture', '/architecture']) },
    ],
  },
})
