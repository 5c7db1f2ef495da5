import Pipeline
import Reports
import Testing

@Suite struct PlanTests {
  @Test func `a layout is read, and what is none is refused`() throws {
    let layout = try ParallelLayout(parsing: "tp=8,pp=16,dp=128,cp=1")
    #expect(layout.tensor == 8 && layout.pipeline == 16 && layout.data == 128)
    #expect(layout.devices == 16_384)
    for text in ["", "tp", "tp=0", "tp=8,tp=8", "xp=3", "tp=8;pp=2", "tp=-1", "tp=1.5"] {
      #expect(throws: ParallelLayout.Malformed.self) { try ParallelLayout(parsing: text) }
    }
  }

  private let shape = ModelShape(
    layers: 4, hidden: 8, heads: 2, keyValueHeads: 1, headSize: 4, mlpWidth: 32,
    bodyParameters: 6000, vocabularySize: 50, isTied: true)

  @Test func `a device holds its part of weights, gradients, optimiser and activations`() throws {
    let work = ModelWork(.training, shape, tokens: 1e6, sequence: 64)
    let memory = DeviceMemory(work, try ParallelLayout(parsing: "tp=2,pp=2,dp=4,cp=2"))
    #expect(shape.parameters == 6400)
    #expect(memory.weights == 2 * 1600 && memory.gradients == 4 * 1600)
    #expect(memory.optimiser == 12 * 1600 / 8)
    // 32 + 16 + 8 + 96 numbers a layer and token, of two bytes, 64 / 4 tokens' worth.
    #expect(shape.activationsPerLayer == 152)
    #expect(memory.activations == 2 * 16 * 4 * 152)
    #expect(memory.recomputed == 2 * 16 * (4 * 8 + 152))
  }

  /// 3.8e25 operations at 41 % of 989e12 (Llama 3, Table 4): 26 million hours of one H100.
  @Test func `device hours do not depend on how many devices there are`() {
    let all = Accelerators(devices: 16_384, flops: 989e12, utilisation: 0.41)
    let hours = all.deviceHours(3.8e25)
    #expect(abs(hours - 3.8e25 / (989e12 * 0.41 * 3600)) < 1)
    #expect(abs(hours / 26.03e6 - 1) < 0.001)
    #expect(abs(all.seconds(3.8e25) * 16_384 / 3600 / hours - 1) < 1e-12)
  }
}
