/**
 * Something that a pickle names and that means nothing here: a class of a training library beside the
 * state dict, or an object of it. It is a name and no more: it is neither looked up nor called, and what a pickle
 * does with it changes nothing.
 */
export class PickleOpaque {
  readonly build = () => this;
  /** `module.name` */
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Modules that run programs, open files or look up others by name. No checkpoint needs them. */
const PROGRAMS = new Set(
  [
    'os posix nt ntpath posixpath subprocess sys shutil socket ctypes pty runpy importlib imp code codeop',
    'pickle _pickle marshal shelve webbrowser multiprocessing threading asyncio http urllib ftplib smtplib',
    'tempfile io _io pathlib2 pip setuptools distutils zipimport pkgutil platform commands timeit trace',
    'pdb bdb profile cProfile doctest inspect operator _operator types linecache gc atexit signal',
  ].flatMap((line) => line.split(' ')),
);
/** What a checkpoint may ask of the language itself: plain containers and numbers. */
const PLAIN_BUILTINS = new Set(
  'set frozenset list dict tuple int float bool str bytes bytearray complex object slice range'.split(
    ' ',
  ),
);
const BUILTINS = new Set(['builtins', '__builtin__', '__builtins__']);

/** A name that stands for nothing; undefined for one that only a hostile file has. */
export function opaqueName(full: string): PickleOpaque | undefined {
  const [first = ''] = full.split('.');
  if (PROGRAMS.has(first)) return undefined;
  const plain = PLAIN_BUILTINS.has(full.slice(full.lastIndexOf('.') + 1));
  return BUILTINS.has(first) && !plain ? undefined : new PickleOpaque(full);
}

/** How the library of a whole object saves its state dict alone. */
export function stateDictAdvice(className: string): string {
  const advice = 'save the state dict alone: torch.save(model.state_dict(), path)';
  return className.startsWith('fastai.') ? `${advice}, in fastai learn.save(name)` : advice;
}
