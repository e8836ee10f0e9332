/** libp2p nodes with the configuration that Plasm gives them, and nothing of ours on top. */
import type { TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionGater, PrivateKey } from '@libp2p/interface'
import { createLibp2p } from 'libp2p'
import { readAddress } from '../addresses.ts'
import { type BufferBounds, Buffers } from '../buffers.ts'
import type { GuardedDatastore } from '../datastore.ts'
import { libp2pOptions, type P2pSettings, type PhaseLibp2p } from '../libp2p.ts'

export interface TestLibp2p {
  libp2p: PhaseLibp2p
  datastore: GuardedDatastore
  privateKey: PrivateKey
}

interface Given {
  privateKey?: PrivateKey
  dials?: string[]
  bounds?: BufferBounds
}

/** Started, and stopped by the end of `t`. With `dials`, where it would go is written there, and nothing leaves this machine. */
export async function startLibp2p(
  t: Pick<TestContext, 'after'>,
  { privateKey, dials, bounds, ...settings }: Partial<P2pSettings> & Given = {},
): Promise<TestLibp2p> {
  const key = privateKey ?? (await generateKeyPair('Ed25519'))
  let libp2p: PhaseLibp2p | undefined
  const connections = () =>
    (libp2p?.getConnections() ?? []).map(({ remoteAddr, remotePeer }) => ({
      host: readAddress(remoteAddr.toString())?.host ?? '',
      peerId: remotePeer.toString(),
    }))
  const buffers = new Buffers(() => libp2p?.getConnections() ?? [], bounds)
  const options = libp2pOptions(
    { network: 'local', listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], bootstrap: [], ...settings },
    { privateKey: key, version: '0', connections, received: bytes => buffers.received(bytes) },
  )
  if (dials !== undefined) options.connectionGater = recorded(options.connectionGater ?? {}, dials)
  libp2p = await createLibp2p(options)
  const started = libp2p
  t.after(() => started.stop())
  await started.start()
  return { libp2p: started, datastore: options.datastore as unknown as GuardedDatastore, privateKey: key }
}

function recorded(gate: ConnectionGater, dials: string[]): ConnectionGater {
  return {
    ...gate,
    denyDialMultiaddr: async address => {
      if ((await gate.denyDialMultiaddr?.(address)) === true) return true
      dials.push(address.toString())
      return readAddress(address.toString())?.scope !== 'loopback'
    },
  }
}
