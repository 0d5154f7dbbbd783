import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { handle } from './routes.ts'

/** `PORT=0` takes any free port; the line on stdout tells which. */
const port = Number(process.env.PORT ?? 8080)

const server = createServer((request, response) => void handle(request, response))
server.requestTimeout = 10_000

server.listen(port, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

/** No new connections, idle ones closed, requests under way answered; then the process ends by itself. */
function shutDown(): void {
  server.close(() => console.log('closed'))
  server.closeIdleConnections()
}
process.once('SIGTERM', shutDown)
process.once('SIGINT', shutDown)
