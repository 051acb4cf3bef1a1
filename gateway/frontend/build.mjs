// Bundles src/ into the folder given as the first argument. Run by hatch_build.py; by hand: npm run build.
import * as esbuild from 'esbuild';

const out = process.argv[2] ?? '../static/vendor';

const result = await esbuild.build({
  entryPoints: ['src/staff.js', 'src/viewer.js', 'src/portal.js', 'src/modeler.js', 'src/trying.js', 'src/decision.js', 'src/formeditor.js'],
  bundle: true,
  minify: true,
  outdir: out,
  format: 'iife',
  target: 'es2020',
  metafile: true,
  legalComments: 'linked',
  // Fonts and pictures stay files: inlined they would not be cached, and the CSP need not allow them.
  loader: { '.woff': 'file', '.woff2': 'file', '.svg': 'file', '.eot': 'file', '.ttf': 'file' },
  assetNames: 'assets/[name]-[hash]',
});

for (const [file, output] of Object.entries(result.metafile.outputs)) {
  console.log(`${file} ${(output.bytes / 1000).toFixed(0)} kB`);
}
