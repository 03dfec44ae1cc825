#!/bin/bash
# The benchmark of mixers of attention at its smallest, under one small budget for all:
#
#     bench/cab_mini.sh OUT
#
# trains what of OUT is not there yet, measures, and writes bench/results/cab_mini.md. Settings, as
# environment variables:
set -euo pipefail
program=${ELMSIM:-elmsim}
out=$1
page=${PAGE:-$(dirname "$0")/results/cab_mini.md}
mixers=${MIXERS:-vanilla,local,abc,performer,linear,cosformer,identity,mlp,window-3}
budget=${BUDGET:-120u}  # of each run
validate=${VALIDATE_EVERY:-120}
seeds=${SEEDS:-2}
threads=${THREADS:-2}
side=${SIDE:-16}            # pixels of the pictures that are enlarged; of the tier: 32
spoken=${SPOKEN:-32}        # utterances to validate on, as many to test on; of the tier: 64. A model
                            # that reads its own answers passes each of them 55 times
width=${WIDTH:-32}
set=(training.batch=8 training.learning_rate=3e-3 training.clip_norm=1.0 training.weight_decay=0
     "transformer.width=$width" "transformer.mlp_width=$((2 * width))"
     "sr-syn.side=$side" "tts-syn.held_out=$spoken"
     "encoder_decoder.width=$width" "encoder_decoder.mlp_width=$((2 * width))")

begin=$(date +%s)
"$program" compare --cab --tier tiny --models "$mixers" --budget "$budget" --seeds "$seeds" \
    --seed 1 --validate-every "$validate" --threads "$threads" --width "$width" --out "$out" \
    --resume --set "${set[@]}" > "$out.txt"
minutes=$((($(date +%s) - begin + 59) / 60))

{
    echo "# Mixers of attention in four patterns, a small equal budget"
    echo
    echo "Generated data (\`-syn\`), tier \`tiny\`, seeds 1 to $seeds, **$budget a run**, width $width, batches of 8, one learning rate for all"
    echo "(0.003, none tuned), pictures of $side pixels a side and $spoken utterances to test on, $threads threads, float32; this call took $minutes min. So few updates rank how fast mixers begin to learn, and"
    echo "nothing here compares with published numbers. The last tables say which differences are noise."
    echo
    cat "$out/tables.md"
    echo
    echo '```'
    echo "bash bench/cab_mini.sh OUT"
    echo '```'
} > "$page"
echo "$page"
