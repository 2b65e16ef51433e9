//! Lesion regions: components, bounding boxes, seeds, sizes, and which lesion counts.
