// Eight shards of a study, side by side, then their merge: nextflow run shards.nf
// Written by the manual of Nextflow; it was not run.
process SHARD {
    cpus 4
    input: val i
    output: path "shard-${i}"
    script: "codose run national --sets 500 --threads ${task.cpus} --shard ${i}/8 --out shard-${i}"
}
process MERGE {
    publishDir 'results'
    input: path shards
    output: path 'national'
    script: "codose merge ${shards} --out national"
}
workflow { SHARD(Channel.of(1..8)) | collect | MERGE }
