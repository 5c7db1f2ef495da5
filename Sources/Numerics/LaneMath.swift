/// Elementary functions on eight floats at once. Each lane depends on its own argument alone.

/// eˣ, within 1 ulp; subnormal results are rounded once; ∞ above 88.73, 0 below −103.98.
@inline(__always)
func laneExp(_ x: Lanes) -> Lanes {
  // NaN compares false and stays.
  let (least, most) = (Lanes(repeating: -104), Lanes(repeating: 89))
  let bounded = x.replacing(with: least, where: x .< least).replacing(with: most, where: x .> most)
  let shifted = fma(bounded, 1.44269504, 12_582_912)
  let n = shifted - 12_582_912
  var r = fma(n, Lanes(repeating: -0.693359375), bounded)
  r = fma(n, Lanes(repeating: 2.12194440e-4), r)
  var p = fma(r, 0.00019882691577498862, 0.0013926177501010365)
  p = fma(p, r, 0.00833332089122923)
  p = fma(p, r, 0.041666554653757494)
  p = fma(p, r, 0.16666666666666666)
  p = fma(p, r, 0.5)
  p = fma(p * r, r, r) + 1
  let k = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- SIMD8(repeating: 0x4B40_0000)
  let half = k &>> SIMD8(repeating: 1)
  return p * powersOfTwo(half) * powersOfTwo(k &- half)
}

/// 2ᵏ for −126 ≤ k ≤ 127.
@inline(__always)
private func powersOfTwo(_ k: SIMD8<Int32>) -> Lanes {
  unsafeBitCast((k &+ SIMD8(repeating: 127)) &<< SIMD8(repeating: 23), to: Lanes.self)
}

/// |x|, by clearing the sign.
@inline(__always)
func magnitude(_ x: Lanes) -> Lanes {
  let mask = SIMD8<UInt32>(repeating: 0x7FFF_FFFF)
  return unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) & mask, to: Lanes.self)
}

/// −x, by turning the sign.
@inline(__always)
func negated(_ x: Lanes) -> Lanes {
  let mask = SIMD8<UInt32>(repeating: 0x8000_0000)
  return unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) ^ mask, to: Lanes.self)
}

/// `size` (not negative) with the sign of x.
@inline(__always)
func withSign(of x: Lanes, _ size: Lanes) -> Lanes {
  let mask = SIMD8<UInt32>(repeating: 0x8000_0000)
  let sign = unsafeBitCast(x, to: SIMD8<UInt32>.self) & mask
  return unsafeBitCast(unsafeBitCast(size, to: SIMD8<UInt32>.self) | sign, to: Lanes.self)
}

/// 1 / (1 + e⁻ˣ), within 3 ulp.
@inline(__always)
func laneSigmoid(_ x: Lanes) -> Lanes {
  let small = laneExp(negated(magnitude(x)))
  return Lanes(repeating: 1).replacing(with: small, where: x .< Lanes(repeating: 0)) / (small + 1)
}

/// Within 2 ulp.
@inline(__always)
func laneTanh(_ x: Lanes) -> Lanes {
  let size = magnitude(x)
  let z = x * x
  var p = fma(z, 0.0022925576990999673, -0.008343780370476967)
  p = fma(p, z, 0.02176886821450062)
  p = fma(p, z, -0.053959253378905704)
  p = fma(p, z, 0.13333303530739316)
  p = fma(p, z, -0.3333333317196775)
  let small = fma(size * z, p, size)
  let large = 1 - 2 / (laneExp(size + size) + 1)
  return withSign(of: x, large.replacing(with: small, where: size .< Lanes(repeating: 0.625)))
}
