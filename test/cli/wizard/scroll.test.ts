import { expect, it } from 'vitest';
import { BACK } from '../../../src/cli/wizard/prompts.ts';
import { Scroll } from '../../../src/cli/wizard/scroll.ts';
import { walk } from '../../../src/cli/wizard/steps.ts';

function screenOf(columns: number) {
  const written: string[] = [];
  return {
    written,
    scroll: new Scroll((text) => text, { columns, write: (text) => written.push(text) }),
  };
}

it('counts the rows of what it says: prose that is wrapped, commands that the terminal breaks', () => {
  const { scroll, written } = screenOf(10);
  scroll.say(['one two three', '', '  vggtune train pictures', '日本語日本語']);
  expect(written).toEqual([
    'one two\n',
    'three\n',
    '\n',
    '  vggtune train pictures\n',
    '日本語日本語\n',
  ]);
  expect(scroll.mark).toBe(2 + 1 + 3 + 2);
  scroll.backTo(3);
  expect(written.at(-1)).toBe('\u001b[5A\r\u001b[J');
  expect(scroll.mark).toBe(3);
  scroll.backTo(3);
  expect(written).toHaveLength(6);
});

it('a step that goes back takes back what the step before it has said, and its own', async () => {
  const { scroll } = screenOf(80);
  const marks: number[] = [];
  let again = false;
  const say = (rows: number) => async (state: object) => {
    marks.push(scroll.mark);
    scroll.say(Array.from({ length: rows }, () => 'x'));
    return state;
  };
  const back = async (state: object) => {
    scroll.say(['x']);
    if (again) return state;
    again = true;
    return BACK;
  };
  await walk({}, [say(2), say(3), back], scroll);
  expect(marks).toEqual([0, 2, 2]);
});
