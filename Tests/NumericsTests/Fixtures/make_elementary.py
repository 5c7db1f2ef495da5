"""Makes elementary.txt: arguments and high-precision results of elementary functions.

Needs mpmath. One line per case: function, bits of the argument(s) as hex doubles, and the result as
two hex doubles (nearest double, and the rest), so that errors of a fraction of an ulp can be seen.
"""
import random
import struct
import mpmath as mp

mp.mp.prec = 2400
random.seed(1)


def bits(x):
    return "%016x" % struct.unpack("<Q", struct.pack("<d", x))[0]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def emit(out, name, arguments, value):
    high = float(value)
    low = float(value - mp.mpf(high)) if abs(high) != float("inf") else 0.0
    out.write(" ".join([name, *map(bits, arguments), bits(high), bits(low)]) + "\n")


def spread(count, low, high):
    """Signed, logarithmic magnitudes."""
    return [random.choice([-1, 1]) * 2 ** random.uniform(low, high) for _ in range(count)]


with open("elementary.txt", "w") as out:
    exps = [random.uniform(-745, 709.7) for _ in range(150)] + spread(100, -40, 3) + [709.78, -708.4, -745.13]
    for x in exps:
        emit(out, "exp", [x], mp.exp(mp.mpf(x)))
    logs = [2 ** random.uniform(-1074, 1023) for _ in range(120)] + [1 + d for d in spread(80, -52, -1)] + [5e-324, 2.2e-308]
    for x in logs:
        emit(out, "log", [x], mp.log(mp.mpf(x)))
    # pi/2's multiples, huge arguments, and the double nearest to a multiple of pi/2 (Muller).
    angles = spread(120, -30, 20) + spread(60, 20, 1023) + [float(k * mp.pi / 2) for k in range(1, 40)]
    angles += [float(random.randrange(131072) * 10000 ** -random.random()) for _ in range(60)]
    angles += [6381956970095103.0 * 2.0 ** 797, 131072.0, 131071.0, 1e22, 1.7e308]
    for x in angles:
        emit(out, "sin", [x], mp.sin(mp.mpf(x)))
        emit(out, "cos", [x], mp.cos(mp.mpf(x)))
    for x in spread(150, -30, 4.5) + [0.3599, 0.36, 0.3601]:
        emit(out, "tanh", [x], mp.tanh(mp.mpf(x)))
    for _ in range(100):
        x, y = random.choice([0.9, 0.95, 0.999, 10000.0, 500000.0, random.uniform(0.01, 100)]), random.uniform(-6, 6)
        emit(out, "pow", [x, y], mp.power(mp.mpf(x), mp.mpf(y)))
    for t in (1, 2, 10, 1000, 100000):
        emit(out, "pow", [0.9999, float(t)], mp.power(mp.mpf(0.9999), t))
    for x in spread(80, -10, 6):
        emit(out, "softplus", [x], mp.log(1 + mp.exp(mp.mpf(x))))
        emit(out, "sigmoid", [x], 1 / (1 + mp.exp(-mp.mpf(x))))
    for x in [random.uniform(-103, 88.7) for _ in range(120)] + spread(80, -20, 3):
        x = f32(x)
        emit(out, "expf", [x], mp.exp(mp.mpf(x)))
    for x in [f32(v) for v in spread(200, -20, 3.4)]:
        emit(out, "tanhf", [x], mp.tanh(mp.mpf(x)))
        emit(out, "sigmoidf", [x], 1 / (1 + mp.exp(-mp.mpf(x))))
    for x in [f32(2 ** random.uniform(-149, 127)) for _ in range(100)] + [f32(1 + d) for d in spread(60, -22, -1)]:
        emit(out, "logf", [x], mp.log(mp.mpf(x)))
    cosines = [random.uniform(-1, 1) for _ in range(120)] + [s * (1 - 2 ** random.uniform(-52, -2)) for s in (1, -1) for _ in range(40)]
    for x in cosines + spread(40, -60, -1) + [0.5, -0.5, 0.9995, -0.9995, -1.0]:
        emit(out, "acos", [x], mp.acos(mp.mpf(x)))
