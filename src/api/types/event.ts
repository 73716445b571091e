export interface EventActor {
  ID?: string | undefined;
  Attributes?: Record<string, string> | null | undefined;
}

export interface EventMessage {
  Type?:
    | 'builder'
    | 'config'
    | 'container'
    | 'daemon'
    | 'image'
    | 'network'
    | 'node'
    | 'plugin'
    | 'secret'
    | 'service'
    | 'volume'
    | undefined;
  Action?: string | undefined;
  Actor?: EventActor | undefined;
  scope?: 'local' | 'swarm' | undefined;
  time?: number | undefined;
  timeNano?: number | undefined;
}
