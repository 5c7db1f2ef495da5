extension ChatTemplate {
  /// Templates by name, in the words of their models' `tokenizer_config.json` where those have more
  /// than tool calls in them.
  package static let named: [String: String] = [
    "chatml": chatML, "qwen2": qwen2, "llama3": llama3, "gemma": gemma, "plain": plain,
  ]

  /// OpenAI's ChatML, without a system message of its own.
  private static let chatML = """
    {% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + \
    '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}\
    {% endif %}
    """

  /// Qwen2-Instruct's (its tokenizer_config.json).
  private static let qwen2 = """
    {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
    {{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}\
    {{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """

  /// Llama-3-Instruct's (its tokenizer_config.json).
  private static let llama3 = """
    {% set loop_messages = messages %}{% for message in loop_messages %}{% set content = \
    '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + \
    '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}\
    {{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant\
    <|end_header_id|>\\n\\n' }}{% endif %}
    """

  /// Gemma's (its tokenizer_config.json): no system role, turns must alternate.
  private static let gemma = """
    {{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not \
    supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != \
    (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/\
    user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' \
    %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + \
    message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}\
    {{'<start_of_turn>model\\n'}}{% endif %}
    """

  /// For small models without tokens for roles: a name and a colon, the end token after the
  /// assistant's turns.
  private static let plain = """
    {% for message in messages %}{% if message['role'] == 'assistant' %}{{ 'Assistant: ' + \
    message['content'] + eos_token }}{% elif message['role'] == 'system' %}{{ message['content'] + \
    '\\n\\n' }}{% else %}{{ 'User: ' + message['content'] + '\\n' }}{% endif %}{% endfor %}\
    {% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}
    """
}
