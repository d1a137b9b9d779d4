// A CommonJS program that uses the library, as Node.js 20.19 and later can.
const { loadModel, predict, VggtuneError } = require('vggtune');

async function main([run, image]) {
  const model = await loadModel(run);
  const [guess] = await model.predict(image);
  const [{ guesses }] = await predict(run, [image]);
  if (guess.label !== guesses[0].label) throw new Error(`${guess.label}, ${guesses[0].label}`);
  await model.release();
  const error = await loadModel('nowhere').catch((thrown) => thrown);
  if (!(error instanceof VggtuneError && error.kind === 'usage')) throw error;
  console.log('commonjs: ok');
}

main(process.argv.slice(2));
