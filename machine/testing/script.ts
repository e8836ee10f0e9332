/** Runs a script on an engine, directive by directive. */
import type { Outcome } from './outcomes.ts'
import type { Action, Constant, Directive } from './wast.ts'

/** What the engine has of an instance. */
export interface Engine<Instance> {
  /** Registered instances by name, `spectest` among them. */
  readonly registered: Map<string, Instance>
  instantiate(bytes: Uint8Array<ArrayBuffer>): Promise<{ outcome: Outcome; instance?: Instance }>
  invoke(instance: Instance, name: string, args: readonly Constant[]): Promise<Outcome>
  get(instance: Instance, name: string): Promise<Outcome>
}

export class Script<Instance> {
  private readonly engine: Engine<Instance>
  private readonly named = new Map<string, Instance>()
  private last: Instance | undefined

  constructor(engine: Engine<Instance>) {
    this.engine = engine
  }

  /** `undefined` where there is nothing to compare: what concerns text alone, or an instance that could not be made. */
  async run(directive: Directive): Promise<Outcome | undefined> {
    switch (directive.kind) {
      case 'register':
        this.engine.registered.set(directive.name, this.instance(directive.module) as Instance)
        return undefined
      case 'action':
      case 'return':
      case 'trap':
      case 'exhaustion':
        return await this.act(directive.action)
      case 'module':
      case 'moduleTrap':
      case 'malformed':
      case 'invalid':
      case 'unlinkable': {
        const { id, bytes } = directive.module
        if (bytes === undefined) return undefined
        const { outcome, instance } = await this.engine.instantiate(bytes)
        if (directive.kind !== 'module') return outcome
        this.last = instance
        if (id !== undefined && instance !== undefined) this.named.set(id, instance)
        return outcome
      }
    }
  }

  private instance(id: string | undefined): Instance | undefined {
    return id === undefined ? this.last : this.named.get(id)
  }

  private async act(action: Action): Promise<Outcome | undefined> {
    const instance = this.instance(action.module)
    if (instance === undefined) return undefined
    if (action.kind === 'get') return await this.engine.get(instance, action.name)
    return await this.engine.invoke(instance, action.name, action.args)
  }
}
