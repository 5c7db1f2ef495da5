/// The four groups of MMLU's subjects, as lm-evaluation-harness has them
/// (`tasks/mmlu/_generate_configs.py`, 0.4.13). They differ from the original paper's in a few
/// subjects.
package enum SubjectCategory: String, CaseIterable, Hashable, Sendable {
  case stem
  case humanities
  case socialSciences = "social_sciences"
  case other

  /// Nil for a subject that is not one of MMLU's 57.
  package init?(subject: String) {
    guard let category = Self.allCases.first(where: { $0.subjects.contains(subject) }) else {
      return nil
    }
    self = category
  }

  /// The subjects of the group, sorted.
  package var subjects: [String] {
    switch self {
    case .stem:
      [
        "abstract_algebra", "anatomy", "astronomy", "college_biology", "college_chemistry",
        "college_computer_science", "college_mathematics", "college_physics", "computer_security",
        "conceptual_physics", "electrical_engineering", "elementary_mathematics",
        "high_school_biology", "high_school_chemistry", "high_school_computer_science",
        "high_school_mathematics", "high_school_physics", "high_school_statistics",
        "machine_learning",
      ]
    case .humanities:
      [
        "formal_logic", "high_school_european_history", "high_school_us_history",
        "high_school_world_history", "international_law", "jurisprudence", "logical_fallacies",
        "moral_disputes", "moral_scenarios", "philosophy", "prehistory", "professional_law",
        "world_religions",
      ]
    case .socialSciences:
      [
        "econometrics", "high_school_geography", "high_school_government_and_politics",
        "high_school_macroeconomics", "high_school_microeconomics", "high_school_psychology",
        "human_sexuality", "professional_psychology", "public_relations", "security_studies",
        "sociology", "us_foreign_policy",
      ]
    case .other:
      [
        "business_ethics", "clinical_knowledge", "college_medicine", "global_facts", "human_aging",
        "management", "marketing", "medical_genetics", "miscellaneous", "nutrition",
        "professional_accounting", "professional_medicine", "virology",
      ]
    }
  }
}
