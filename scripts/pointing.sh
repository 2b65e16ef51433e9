#!/usr/bin/env bash
# The pointing game on the demonstration's external centre: where the maps of `triher attribute` lie against the planted lesions, and against
# the planted rim and core of each. In the rim and in the core the figure is density: share of the positive attribution over share of the
# voxels, so that 1 is what a map without knowledge gets.
# Usage: scripts/pointing.sh DEMO_FOLDER [PATIENTS [options of `triher attribute`]]     (after `triher demo --out DEMO_FOLDER`)
set -euo pipefail
demo=$1; patients=${2:-1000}; shift $(($# < 2 ? $# : 2))
triher=${TRIHER:-triher}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
for method in rollout relevance integrated-gradients occlusion; do
  tail -n +2 "$demo/cohort/patients-gamma.csv" | head -n "$patients" | while IFS=, read -r id images mask _; do
    "$triher" -q attribute "$demo/model.triher" "$demo/cohort/$images" --mask "$demo/cohort/$mask" --method "$method" --json "$work/result.json" \
      --region "rim=$demo/cohort/truth/$id-rim.nii.gz" --region "core=$demo/cohort/truth/$id-core.nii.gz" "$@" 2>/dev/null
  done | awk -v method="$method" '
    /its largest value lies/ { n++; hit += / lies in the lesion/; split($0, part, /; | % of what | has | % of the voxels/); inside += part[2]; voxels += part[4]; more += part[2] > part[4] }
    /region (rim|core):/ { name = substr($2, 1, length($2) - 1); density[name] += $3 / $11; peak[name] += /lies in it/; if (name == "rim") rim = $3 / $11; else over += rim > $3 / $11 }
    /blocks? shuffled/ { block = $5; if (!(block in sum)) order[++k] = block; sum[block] += $NF; count[block]++ }
    /deletion/ || /insertion/ { beats[$1] += $(NF - 2); of[$1] += $NF }
    END {
      printf "%s: largest value in the lesion %d of %d; %.0f %% of positive attribution in it (it has %.0f %% of the voxels), more than its share in %d", method, hit, n, inside / n, voxels / n, more
      printf "; rim %.2f, core %.2f times their share of the voxels, largest value in the rim %d, in the core %d, denser in the rim than in the core in %d", density["rim"] / n, density["core"] / n, peak["rim"], peak["core"], over
      for (i = 1; i <= k; i++) printf "; %s blocks shuffled: rank correlation %.2f", order[i], sum[order[i]] / count[order[i]]
      for (b in beats) printf "; %s beats %d of %d random orders", b, beats[b], of[b]
      print ""
    }'
done
