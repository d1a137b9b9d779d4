import type { ExportModel, ModelCard } from './model.ts';

/** The card as the string pairs that an ONNX file carries; labels and preprocessing by themselves too. */
export function cardMetadata({ labels }: ExportModel, card: ModelCard): Record<string, string> {
  return {
    format: card.format,
    labels: JSON.stringify(labels),
    preprocessing: JSON.stringify(card.preprocessing),
    card: JSON.stringify(card),
  };
}
