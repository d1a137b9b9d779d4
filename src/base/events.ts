/**
 * Events by which work reports its progress. Stages emit them; whoever starts the work chooses the listeners
 * (the progress bar, `events.ndjson`, the JSON output). Every event is plain JSON.
 */
export type RunEvent =
  | { readonly type: 'stage'; readonly stage: string; readonly message: string }
  | { readonly type: 'note'; readonly message: string }
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  | {
      /** The progress of a countable task. `task` is one of the few names that listeners know. */
      readonly type: 'progress';
      readonly task:
        | 'scan'
        | 'features'
        | 'solve'
        | 'trial'
        | 'evaluate'
        | 'predict'
        | 'export'
        | 'download';
      readonly done: number;
      readonly total: number;
      readonly unit: string;
    }
  | { readonly type: 'image-skipped'; readonly path: string; readonly reason: string }
  | {
      readonly type: 'train-start';
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      readonly images: number;
      readonly phase: string;
      /** Steps of the first epoch that a resumed run has already made. */
      readonly stepsDone?: number;
    }
  | {
      readonly type: 'step';
      readonly phase: string;
      readonly epoch: number;
      readonly step: number;
      readonly stepsPerEpoch: number;
      readonly loss: number;
      readonly accuracy: number;
      readonly learningRate: number;
      readonly images: number;
    }
  | {
      readonly type: 'epoch';
      readonly phase: string;
      readonly epoch: number;
      readonly epochs: number;
      readonly loss: number;
      readonly accuracy: number;
      readonly validation: Readonly<Record<string, number>>;
      readonly best: boolean;
      readonly seconds: number;
    }
  | {
      readonly type: 'early-stop';
      readonly epoch: number;
      readonly bestEpoch: number;
      readonly metric: string;
    }
  | { readonly type: 'checkpoint'; readonly path: string; readonly step: number }
  | { readonly type: 'file'; readonly path: string; readonly what: string };

export type Emit = (event: RunEvent) => void;

/** Sends each event to every listener, in order. */
export function broadcast(listeners: readonly Emit[]): Emit {
  return (event) => {
    for (const listener of listeners) listener(event);
  };
}
