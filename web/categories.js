// The categories of an expense and their labels, in the order of the form.

const LABELS = {
  fuel: "Fuel",
  camping: "Camping",
  groceries: "Groceries",
  food: "Food",
  dining: "Dining out",
  maintenance: "Maintenance",
  propane: "Propane",
  tolls: "Tolls",
  entertainment: "Entertainment",
  insurance: "Insurance",
  internet: "Internet",
  laundry: "Laundry",
  medical: "Medical",
  shopping: "Shopping",
  utilities: "Utilities",
};

/** The categories that the API accepts. */
export const CATEGORIES = Object.keys(LABELS);

/** Returns the label of a category: "dining" → "Dining out". A category without a label is capitalised. */
export const categoryName = (category) =>
  Object.hasOwn(LABELS, category) ? LABELS[category] : category.charAt(0).toUpperCase() + category.slice(1);
