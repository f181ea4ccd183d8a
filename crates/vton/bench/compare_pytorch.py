#!/usr/bin/env python3
"""Times the network's two kinds of block in PyTorch and in drape, in turn on the same machine.

    cargo build --release -p drape-vton --example block
    python3 -m venv venv && venv/bin/pip install torch
    venv/bin/python crates/vton/bench/compare_pytorch.py --rounds 3

A block is measured at the released size: 6,912 tokens of 1,280 numbers, 10 heads, an MLP of 5,120, random weights. The figures are
CPU-seconds (user and system, all threads), which other work on the machine hardly disturbs; medians of all rounds. A ratio above 1 says
how many times faster drape is. PyTorch is measured a third time as a processor without AVX-512 would run it, the peer of the path avx2.
"""

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys

import torch
from torch.nn import functional

HIDDEN, HEADS, MLP = 1280, 10, 5120
HEAD = HIDDEN // HEADS
GRID = (72, 48)
TOKENS = 2 * GRID[0] * GRID[1]
AXES = (16, 56, 56)
ROTARY_BASE = 10_000.0
EPSILON = 1e-6


def rotation_table():
    """Cosine and sine of each pair of a head, for person and garment: [tokens, pairs]."""
    rows = torch.arange(GRID[0], dtype=torch.float64).repeat_interleave(GRID[1])
    columns = torch.arange(GRID[1], dtype=torch.float64).repeat(GRID[0])
    angles = []
    for positions, size in zip((torch.zeros_like(rows), rows, columns), AXES):
        steps = torch.arange(0, size, 2, dtype=torch.float64) / size
        angles.append(positions[:, None] / ROTARY_BASE**steps)
    angles = torch.cat(angles, dim=1).repeat(2, 1)
    return angles.cos().float(), angles.sin().float()


def turn(x, table):
    """Turns the pairs (2i, 2i+1) of queries or keys [heads, tokens, head]; the rotation is f32 as in the reference."""
    cos, sin = table
    pairs = x.float().unflatten(-1, (-1, 2))
    even, odd = pairs.unbind(-1)
    turned = torch.stack((cos * even - sin * odd, sin * even + cos * odd), dim=-1)
    return turned.flatten(-2).to(x.dtype)


def random_linear(outputs, inputs, dtype):
    """Matrix and bias from minus to plus the root of 1 / inputs."""
    size = 1 / math.sqrt(inputs)
    shape = lambda *sizes: torch.empty(*sizes).uniform_(-size, size).to(dtype)
    return shape(outputs, inputs), shape(outputs)


def modulated_norm(x, modulation):
    """Layer norm without weights, then scale and shift."""
    shift, scale, _ = modulation
    return functional.layer_norm(x, (HIDDEN,), eps=EPSILON) * (1 + scale) + shift


class Heads:
    """From a projection to turned queries and keys, and values, by head."""

    def __init__(self, dtype):
        self.scales = [torch.ones(HEAD, dtype=dtype) for _ in range(2)]

    def split(self, projected):
        query, key, value = projected.unflatten(-1, (3, HEADS, HEAD)).permute(1, 2, 0, 3)
        query, key = (
            functional.rms_norm(x, (HEAD,), scale, EPSILON)
            for x, scale in zip((query, key), self.scales)
        )
        return query, key, value


def attend(query, key, value, table):
    """Softmax attention of all tokens on all, head beside head in the result."""
    query, key = turn(query, table), turn(key, table)
    mixed = functional.scaled_dot_product_attention(query[None], key[None], value[None])[0]
    return mixed.transpose(0, 1).flatten(1)


class SingleBlock:
    """Attention and MLP side by side on one sequence."""

    def __init__(self, dtype):
        self.inner = random_linear(3 * HIDDEN + MLP, HIDDEN, dtype)
        self.outer = random_linear(HIDDEN, HIDDEN + MLP, dtype)
        self.heads = Heads(dtype)
        self.modulation = [0.1 * torch.randn(HIDDEN).to(dtype) for _ in range(3)]

    def run(self, tokens, table):
        normed = modulated_norm(tokens, self.modulation)
        projected, mlp = functional.linear(normed, *self.inner).split([3 * HIDDEN, MLP], dim=-1)
        mixed = attend(*self.heads.split(projected), table)
        both = torch.cat((mixed, functional.gelu(mlp, approximate="tanh")), dim=-1)
        return tokens + self.modulation[2] * functional.linear(both, *self.outer)


class Stream:
    """What person or garment have for themselves in a double block."""

    def __init__(self, dtype):
        self.qkv = random_linear(3 * HIDDEN, HIDDEN, dtype)
        self.projection = random_linear(HIDDEN, HIDDEN, dtype)
        self.mlp_in = random_linear(MLP, HIDDEN, dtype)
        self.mlp_out = random_linear(HIDDEN, MLP, dtype)
        self.heads = Heads(dtype)
        self.modulations = [[0.1 * torch.randn(HIDDEN).to(dtype) for _ in range(3)] for _ in range(2)]

    def project(self, tokens):
        normed = modulated_norm(tokens, self.modulations[0])
        return self.heads.split(functional.linear(normed, *self.qkv))

    def finish(self, tokens, mixed):
        attention, mlp = self.modulations
        tokens = tokens + attention[2] * functional.linear(mixed, *self.projection)
        inner = functional.linear(modulated_norm(tokens, mlp), *self.mlp_in)
        inner = functional.gelu(inner, approximate="tanh")
        return tokens + mlp[2] * functional.linear(inner, *self.mlp_out)


class DoubleBlock:
    """Garment and person with weights of their own, which meet in the attention."""

    def __init__(self, dtype):
        self.streams = [Stream(dtype) for _ in range(2)]

    def run(self, tokens, table):
        halves = tokens.chunk(2)
        parts = zip(*(stream.project(half) for stream, half in zip(self.streams, halves)))
        mixed = attend(*(torch.cat(pair, dim=1) for pair in parts), table).chunk(2)
        ends = (s.finish(half, m) for s, half, m in zip(self.streams, halves, mixed))
        return torch.cat(list(ends))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# What keeps PyTorch and the libraries under it from using AVX-512.
AVX2_ONLY = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
PEERS = {
    "PyTorch f32": ("f32", {}),
    "PyTorch bf16": ("bf16", {}),
    "PyTorch f32 AVX2": ("f32", AVX2_ONLY),
}


def run_for_json(command, variables):
    """Runs a command with more environment variables and reads its output."""
    done = subprocess.run(command, env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with code {done.returncode}")
    return json.loads(done.stdout)


def measure_pytorch(dtype):
    """CPU-seconds of one run of each kind of block, after one that does not count. Runs in a process of its own."""
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    table = rotation_table()
    times = {}
    tokens = torch.randn(TOKENS, HIDDEN).to(dtype)
    for kind, block_type in (("single", SingleBlock), ("double", DoubleBlock)):
        block = block_type(dtype)
        for _ in range(2):
            start = cpu_seconds()
            result = block.run(tokens, table)
            times[kind] = cpu_seconds() - start
        if not torch.isfinite(result).all():
            sys.exit(f"PyTorch's {kind} block in {dtype} gave numbers that are not finite")
    return times


def time_drape(command, path):
    """CPU-seconds of each kind of block as drape measures them; `path` forces an instruction set."""
    report = run_for_json(command, {"DRAPE_VTON_PATH": path})
    return report["path"], {kind: report[f"{kind}_block_cpu_s"] for kind in ("single", "double")}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turn (default 3)")
    parser.add_argument("--drape", metavar="FILE", help="a built drape, whose bench command is used instead of the example")
    parser.add_argument("--example", metavar="FILE", default="target/release/examples/block", help="the built example `block`")
    parser.add_argument("--path", action="append", help="instruction set of drape to measure; again for more (default: the best, and avx2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    # How the script calls itself for one measurement of PyTorch.
    parser.add_argument("--measure", choices=("f32", "bf16"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round is needed")
    return options


def main():
    options = arguments()
    if options.measure:
        dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[options.measure]
        print(json.dumps(measure_pytorch(dtype)))
        return
    command = [options.example, "--json"]
    if options.drape:
        command = [options.drape, "engine", "bench", "fashn-vton", "--random-weights", "--steps", "1", "--json"]
    runs = {}
    for number in range(options.rounds):
        for path in options.path or ["", "avx2"]:
            name, times = time_drape(command, path)
            runs.setdefault(f"drape {name}", []).append(times)
        for name, (dtype, variables) in PEERS.items():
            times = run_for_json([sys.executable, __file__, "--measure", dtype], variables)
            runs.setdefault(name, []).append(times)
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)

    medians = {
        name: {kind: statistics.median(run[kind] for run in times) for kind in ("single", "double")}
        for name, times in runs.items()
    }
    ours = [name for name in medians if name.startswith("drape")]
    peers = [name for name in medians if not name.startswith("drape")]
    ratios = {
        f"{name} against {peer}": {kind: medians[peer][kind] / medians[name][kind] for kind in ("single", "double")}
        for name in ours
        for peer in peers
    }
    if options.json:
        report = {"torch": torch.__version__, "threads": torch.get_num_threads(), "cpu_s": medians, "ratios": ratios}
        print(json.dumps(report, indent=2))
        return
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {options.rounds} rounds; CPU-seconds per block")
    for name, times in medians.items():
        print(f"{name:42} single {times['single']:6.2f}   double {times['double']:6.2f}")
    for name, times in ratios.items():
        print(f"{name:42} single {times['single']:5.1f}x   double {times['double']:5.1f}x")


if __name__ == "__main__":
    main()
