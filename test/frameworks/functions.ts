import { join } from 'node:path'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'
import { serve } from './framework.ts'

// Hosting companies start a function from a folder of its own, where nothing but that folder is. These stand for them.

/** Calls what a function exports, in either of the forms that they have: Node's, or the web's. */
const server = (load: string): string => `
  import { readFileSync } from 'node:fs'
  import { createServer } from 'node:http'
  import { pathToFileURL } from 'node:url'
  const load = (file) => import(pathToFileURL(file).href)
  ${load}
  createServer(async (request, response) => {
    if (isNode) return handle(request, response)
    const answer = await handle(new Request(new URL(request.url, 'http://' + request.headers.host)), { waitUntil() {} })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  }).listen(Number(process.env.PORT), '127.0.0.1')`

const launchers = {
  /** @see https://vercel.com/docs/build-output-api/primitives#serverless-functions */
  vercel: server(`
    const { handler } = JSON.parse(readFileSync('.vc-config.json', 'utf8'))
    const { default: entry } = await load(handler)
    const isNode = typeof entry === 'function'
    const handle = isNode ? entry : entry.fetch`),

  /** @see https://docs.netlify.com/build/functions/api/ */
  netlify: (file: string) =>
    server(`const { default: handle } = await load(${JSON.stringify(file)})\nconst isNode = false`),

  /** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
  lambda: (file: string) =>
    server(`
    const { handler } = await load(${JSON.stringify(file)})
    const isNode = false
    const handle = async (request) => {
      const { pathname: rawPath } = new URL(request.url)
      const requestContext = { http: { method: 'GET', path: rawPath } }
      const event = { version: '2.0', rawPath, rawQueryString: '', headers: {}, requestContext, isBase64Encoded: false }
      const { statusCode, headers, body, isBase64Encoded } = await handler(event, {})
      return new Response(isBase64Encoded ? Buffer.from(body, 'base64') : body, { status: statusCode, headers })
    }`),
}

/**
 * Serves a function from its folder until the test ends.
 *
 * @param file that Netlify or AWS Lambda is told to start; Vercel reads of it in the folder
 * @returns its address
 */
export async function serveFunction(platform: keyof typeof launchers, folder: string, file = ''): Promise<string> {
  const elsewhere = await temporaryFolder()
  const launcher = launchers[platform]
  await writeFiles(elsewhere, { 'launch.mjs': typeof launcher === 'string' ? launcher : launcher(file) })
  // Functions own nothing but a folder for temporary files.
  const { PATH } = process.env
  return serve(folder, [join(elsewhere, 'launch.mjs')], { PATH, HOME: '/dev/null', TMPDIR: elsewhere })
}
