// sharp, with vectors. The product reads none, and blocks their loader for the whole process: what the benches
// render comes with packages. The import of the blocking module makes sure that this comes after it.
import sharp from 'sharp';
import '../dist/dataset/sharp.js';

sharp.unblock({ operation: ['VipsForeignLoadSvgFile', 'VipsForeignLoadSvgBuffer'] });

export default sharp;
